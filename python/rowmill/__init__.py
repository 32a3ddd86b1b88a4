"""What a job of Rowmill is written with, in Python 3.9 or later.

    import rowmill

    class Count(rowmill.Job):
        def on_event(self, event):
            value = self.storage.get("my-counter", default=0)
            self.storage.set("my-counter", value + 1)

``import carium`` gives this same module.
"""

import base64
import collections.abc
import json

__all__ = ["Idle", "Job", "Secrets", "Storage", "Sftp", "Log"]

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


class Sftp:
    """An SFTP server that the job may use. Paths are below the root of the connection."""

    def __init__(self, connection, ask):
        self._connection = connection
        self._ask = ask

    def _do(self, operation, path, **more):
        request = {"connection": self._connection, "operation": operation}
        return self._ask({**request, "path": path, **more})["value"]

    def read(self, path):
        """The bytes of a file, 16 MiB at most."""
        return base64.b64decode(self._do("read", path))

    def read_text(self, path):
        return self.read(path).decode("utf-8")

    def write(self, path, content):
        """Bytes or text, whole or not at all: what had the name gives way."""
        data = content.encode("utf-8") if isinstance(content, str) else bytes(content)
        self._do("write", path, data=base64.b64encode(data).decode("ascii"))

    def list(self, folder=""):
        """What lies in a folder, by name: dicts of name, kind, bytes and modified_at."""
        return self._do("list", folder)

    def rename(self, path, to):
        """Never over what is there."""
        self._do("rename", path, to=to)

    def delete(self, path):
        """Whether there was something to delete."""
        return self._do("delete", path)

    def exists(self, path):
        return self._do("exists", path)


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
    _ask_sftp = None
    #: A ``threading.Event``, set when the execution must end now.
    aborted = None

    def __new__(cls, *_args, **_kwargs):
        job = super().__new__(cls)
        if _given is not None:
            job.secrets, job.storage, job.log, job.aborted, job._ask_sftp = _given
        return job

    def on_event(self, event):
        raise NotImplementedError(f"{type(self).__name__} has no method on_event(self, event)")

    def sftp(self, connection):
        """An SFTP server by the name of its connection: one of those that the job names."""
        return Sftp(connection, self._ask_sftp)

    def idle(self, message=None):
        """To be returned when there was nothing to do."""
        return Idle(message)
