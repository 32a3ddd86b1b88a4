"""What handlers of dm-job import: services.job_handler_interface and services.dmss."""
