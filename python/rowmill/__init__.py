"""What a job of Rowmill is written with, in Python 3.9 or later.

    import rowmill

    class Count(rowmill.Job):
        def on_event(self, event):
            value = self.storage.get("my-counter", default=0)
            self.storage.set("my-counter", value + 1)

``import carium`` gives this same module.
"""

import collections.abc
import json

__all__ = ["Idle", "Job", "Secrets", "Storage", "Log"]

_given = None


class Idle:
    """The execution had nothing to do: ``return self.idle("no new patients")``."""

    def __init__(self, message=None):
        self.message = message


class Secrets(collections.abc.Mapping):
    """Secrets of a job, by the injection key under which each was attached to it."""

    def __init__(self, values):
        self._values = dict(values)

    def __getitem__(self, key):
        if key in self._values:
            return self._values[key]
        there = ", ".join(self._values) or "none"
        raise KeyError(f"there is no secret {key!r}; attached to this job: {there}")

    def get(self, key, default=None):
        return self._values.get(key, default)

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __repr__(self):
        return f"Secrets({', '.join(self._values)})"


class Storage:
    """What a job keeps between its executions: JSON values by key."""

    def __init__(self, ask):
        self._ask = ask

    def get(self, key, default=None):
        answer = self._ask({"operation": "get", "key": key})
        return answer["value"] if answer.get("found") else default

    def set(self, key, value, ttl=None):
        """``ttl``: in how many seconds it expires; without it, it stays."""
        self._ask({"operation": "set", "key": key, "value": value, "ttl": ttl})

    def delete(self, key):
        """Whether there was something to delete."""
        return self._ask({"operation": "delete", "key": key})["value"]

    def list(self, prefix=""):
        """Keys that begin with the prefix, in the order of their characters."""
        return self._ask({"operation": "list", "key": prefix})["value"]

    _NOTHING = object()

    def compare_and_set(self, key, value, expected=_NOTHING, ttl=None):
        """Sets the value when what is stored equals ``expected``; without it, when nothing is stored."""
        request = {"operation": "compare_and_set", "key": key, "value": value, "ttl": ttl}
        if expected is not Storage._NOTHING:
            request["expected"] = expected
        return self._ask(request)["value"]


class Log:
    """Lines for the people who watch over the job, beside what it prints."""

    LEVELS = ("debug", "info", "warn", "error")

    def __init__(self, least, tell):
        self._least = self.LEVELS.index(least)
        self._tell = tell

    def _write(self, level, message, fields):
        if self.LEVELS.index(level) < self._least:
            return
        text = f"{message} {json.dumps(fields, default=str)}" if fields else str(message)
        self._tell({"type": "log", "level": level, "message": text})

    def debug(self, message, **fields):
        self._write("debug", message, fields)

    def info(self, message, **fields):
        self._write("info", message, fields)

    def warn(self, message, **fields):
        self._write("warn", message, fields)

    warning = warn

    def error(self, message, **fields):
        self._write("error", message, fields)


class Job:
    """What a script extends. ``on_event`` is called for each event: what it returns is the result, as JSON."""

    secrets = None
    storage = None
    log = None
    #: A ``threading.Event``, set when the execution must end now.
    aborted = None

    def __new__(cls, *_args, **_kwargs):
        job = super().__new__(cls)
        if _given is not None:
            job.secrets, job.storage, job.log, job.aborted = _given
        return job

    def on_event(self, event):
        raise NotImplementedError(f"{type(self).__name__} has no method on_event(self, event)")

    def idle(self, message=None):
        """To be returned when there was nothing to do."""
        return Idle(message)
