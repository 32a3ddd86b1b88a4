"""Settings by the names that handlers of dm-job know, from the environment of the server."""

import os


class Config:
    LOGGER_LEVEL = os.getenv("LOGGING_LEVEL", "INFO")
    ENVIRONMENT = os.getenv("ENVIRONMENT", "local")
    AUTH_ENABLED = os.getenv("AUTH_ENABLED", "1") not in ("", "0")
    DMSS_URL = os.getenv("DMSS_URL") or os.getenv("DMSS_API") or "http://dmss:5000"
    #: As it was called once.
    DMSS_API = DMSS_URL
    DM_JOB_URL = os.getenv("DM_JOB_URL", "")
    GLOBAL_DMSS_URL = os.getenv("GLOBAL_DMSS_URL", "")
    GLOBAL_DM_JOB_URL = os.getenv("GLOBAL_DM_JOB_URL", "")

    AZURE_JOB_SUBSCRIPTION = os.getenv("AZURE_JOB_SUBSCRIPTION")
    AZURE_JOB_RESOURCE_GROUP = os.getenv("AZURE_JOB_RESOURCE_GROUP", "common")
    AZURE_JOB_SP_SECRET = os.getenv("AZURE_SP_SECRET")
    AZURE_JOB_SP_CLIENT_ID = os.getenv("AZURE_JOB_CLIENT_ID")
    AZURE_JOB_SP_TENANT_ID = os.getenv("AZURE_JOB_TENANT_ID")
    IMAGE_REGISTRY_USERNAME = os.getenv("IMAGE_REGISTRY_USERNAME")
    IMAGE_REGISTRY_PASSWORD = os.getenv("IMAGE_REGISTRY_PASSWORD")

    #: Variables of the server that a container gets.
    SCHEDULER_ENVS_TO_EXPORT = [
        name for name in os.getenv("SCHEDULER_ENVS_TO_EXPORT", "").split(",") if name
    ]

    JOB = "dmss://WorkflowDS/Blueprints/Job"
    RECURRING_JOB = "dmss://WorkflowDS/Blueprints/RecurringJob"


config = Config()
