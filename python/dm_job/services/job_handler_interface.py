"""What a handler of dm-job is written with. docs/handlers.md says what of it there is."""

import json
from abc import ABC, abstractmethod
from datetime import datetime
from enum import Enum

#: What a job keeps from call to call beside its entity.
_KEPT = ("percentage", "state")
#: Characters of its log: the end of it.
_MOST_LOG = 16_384
_TIMES = ("started", "stopped", "ended")


class JobStatus(str, Enum):
    REGISTERED = "registered"
    NOT_STARTED = "not started"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    COMPLETED = "completed"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Entity(dict):
    """A job entity, and what is in it: ``entity["runner"]`` and ``entity.runner`` are the same."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the entity has no {name}; it has {', '.join(self)}") from None

    def __setattr__(self, name, value):
        self[name] = value


class _JobEntity(Entity):
    """Tells the job when somebody wants to know where the result goes."""

    def __init__(self, fields, on_target):
        super().__init__(fields)
        object.__setattr__(self, "_on_target", on_target)

    def __getitem__(self, name):
        if name == "outputTarget":
            self._on_target()
        return super().__getitem__(name)

    def get(self, name, default=None):
        return self[name] if name in self else default


class Job:
    """A job. What is set here stays for the calls to come; what a handler sets in itself does not."""

    def __init__(self, given):
        kept = given.get("kept") or {}
        entity = kept.get("entity") or given["entity"]
        #: Whether the handler has asked where its result goes: then it stores it itself.
        self.writes_target = bool(kept.get("writes_target"))
        #: Whether its start was begun, and has not come to its end.
        self.is_starting = bool(kept.get("is_starting"))
        self._given = given["entity"]
        self.entity = _JobEntity(
            {name: _as_entity(value) for name, value in entity.items()}, self._on_target
        )
        self.job_uid = self.uid = given["uid"]
        self.token = given.get("token")
        self.dmss_id = entity.get("dmss_id") or entity.get("_id") or ""
        self.status = JobStatus(kept.get("status", JobStatus.STARTING.value))
        self.log = kept.get("log")
        for name in _KEPT:
            setattr(self, name, kept.get(name))
        for name in _TIMES:
            setattr(self, name, _time_of(kept.get(name)))
        self.external_progress = False
        self.cron_job = False

    def _on_target(self):
        self.writes_target = True

    @property
    def outputTarget(self):  # noqa: N802 (as handlers call it)
        return self.entity.get("outputTarget")

    @property
    def application_input(self):
        return self.entity.get("applicationInput")

    applicationInput = application_input  # noqa: N815 (as handlers call it)

    def __getattr__(self, name):
        if name in _FIELDS:
            return self.entity.get(name)
        raise AttributeError(f"a job has no {name}; fields of the entity are in job.entity")

    def append_log(self, log):
        old = self.log if isinstance(self.log, list) else [] if self.log is None else [self.log]
        self.log = old + (log if isinstance(log, list) else [str(log)])

    def kept(self):
        """What stays, as JSON."""
        entity = dict(self.entity.items())
        kept = {
            "status": JobStatus(self.status).value,
            "writes_target": self.writes_target,
            "log": _end_of(self.log),
            **{name: getattr(self, name) for name in _KEPT},
            **{name: _text_of(getattr(self, name)) for name in _TIMES},
            **({"is_starting": True} if self.is_starting else {}),
            **({} if entity == self._given else {"entity": entity}),
        }
        try:
            return json.loads(json.dumps(kept, allow_nan=False))
        except (TypeError, ValueError) as cause:
            raise TypeError(f"what the handler keeps in self.job is no JSON: {cause}") from cause


#: Fields of an entity that a job has as its own.
_FIELDS = ("type", "name", "label", "triggeredBy", "runner", "referenceTarget", "result", "schedule")


class JobHandlerInterface(ABC):
    """What ``class JobHandler`` extends. One is made for each call."""

    def __init__(self, job, data_source):
        self.job = job
        self.data_source = data_source

    @abstractmethod
    def start(self):
        """Begins the work, or does it. Gives a text."""

    def remove(self):
        """Ends the work and leaves nothing of it behind. Gives a status and a text."""
        raise NotImplementedError

    def progress(self):
        """How it stands: a status, a text, and a percentage where there is one."""
        raise NotImplementedError

    def result(self):
        """A text and the bytes of the result."""
        raise NotImplementedError

    def setup_service(self, service_id):
        raise NotImplementedError

    def teardown_service(self, service_id):
        raise NotImplementedError


class ServiceJobHandlerInterface(JobHandlerInterface):
    """As it was called once."""


def _as_entity(value):
    if isinstance(value, dict):
        return Entity((name, _as_entity(each)) for name, each in value.items())
    if isinstance(value, list):
        return [_as_entity(each) for each in value]
    return value


def _time_of(text):
    return None if text is None else datetime.fromisoformat(text)


def _text_of(time):
    return time.isoformat() if isinstance(time, datetime) else time


def _end_of(log):
    if isinstance(log, list):
        return [_end_of(str(each)) for each in log[-100:]]
    return None if log is None else str(log)[-_MOST_LOG:]
