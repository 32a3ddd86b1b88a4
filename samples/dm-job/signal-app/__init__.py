import json
import math
from typing import Tuple

from services.dmss import get_document
from services.job_handler_interface import Job, JobHandlerInterface, JobStatus
from utils.logging import logger

_SUPPORTED_TYPE = "dmss://DataSource/apps/MySignalApp/models/SignalGeneratorJob"


class JobHandler(JobHandlerInterface):
    """Generate a signal"""

    def __init__(self, job: Job, data_source: str):
        super().__init__(job, data_source)
        self.headers = {"Access-Key": job.token}

    def start(self) -> str:
        signal = get_document(self.job.entity.applicationInput.address, token=self.job.token)
        amplitude, samples = signal["amplitude"], signal["samples"]
        logger.info(f"{samples} samples of amplitude {amplitude}")
        values = [amplitude * math.sin(2 * math.pi * index / samples) for index in range(samples)]
        # What is kept in self.job is there in the calls to come.
        self.job.state = {"values": [round(value, 6) for value in values]}
        self.job.status = JobStatus.COMPLETED
        return f"{samples} samples are asked for"

    def remove(self) -> Tuple[str, str]:
        return JobStatus.REMOVED, "the generator is switched off"

    def progress(self) -> Tuple[JobStatus, str]:
        return self.job.status, "the signal is there"

    def result(self) -> Tuple[str, bytes]:
        return "a signal", json.dumps(self.job.state).encode()
