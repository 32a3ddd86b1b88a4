"""What a job handler in Python is called by, one process a call. docs/handlers.md says what it finds."""

import base64
import importlib.util
import os
import sys
import types

_OWN = os.path.dirname(os.path.abspath(__file__))
_PACKAGES = os.path.dirname(_OWN)
sys.path[:] = [
    os.path.join(_PACKAGES, "dm_job"),
    _PACKAGES,
    # What lies beside this file are no modules of handlers.
    *(path for path in sys.path if os.path.abspath(path) != _OWN),
    # Where the machine has them, its own go first.
    os.path.join(_PACKAGES, "fallbacks"),
]

import rowmill  # noqa: E402
from rowmill import host  # noqa: E402

sys.modules["carium"] = rowmill

_PLUGINS = "job_handler_plugins"


def load(file):
    """The module of a plugin: the one of its folder, which may import what lies beside it."""
    folder = os.path.dirname(file)
    plugins = types.ModuleType(_PLUGINS)
    plugins.__path__ = [os.path.dirname(folder)]
    sys.modules[_PLUGINS] = plugins
    name = f"{_PLUGINS}.{os.path.basename(folder)}"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[folder])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def describe(module):
    if not hasattr(module, "_SUPPORTED_TYPE"):
        raise TypeError('it has no _SUPPORTED_TYPE = "dmss://…"')
    types_of = module._SUPPORTED_TYPE
    handler = handler_of(module)
    text = (handler.__doc__ or module.__doc__ or "").strip()
    return {
        "supported_types": [types_of] if isinstance(types_of, str) else list(types_of),
        "description": text.split("\n")[0].strip(),
        "poll_seconds": getattr(module, "_POLL_SECONDS", 2),
        "timeout_seconds": getattr(module, "_TIMEOUT_SECONDS", 600),
    }


def handler_of(module):
    found = getattr(module, "JobHandler", None)
    if isinstance(found, type):
        return found
    raise TypeError("it has no class JobHandler(JobHandlerInterface)")


def call(module, start):
    """What a method of the handler gives, in one form. Adds what the job keeps."""
    from services.job_handler_interface import Job

    job = Job(start)
    result = {}
    try:
        handler = handler_of(module)(job, start["data_source"])
        result = METHODS[start["call"]](handler, job)
    finally:
        # What it did before it failed may be what it is found again by.
        result["kept"] = start["kept_by"](job)
    return result


def start_job(handler, job):
    said = text_of(handler.start())
    job.is_starting = False
    if job.log is None:
        job.log = said
    return {"text": said}


def progress(handler, job):
    from services.job_handler_interface import JobStatus

    try:
        status, log, *more = several(handler.progress(), "progress")
    except NotImplementedError:
        if job.is_starting:
            # Its server went away in start: nobody knows what that has done.
            return {"status": JobStatus.STARTING.value, "text": ""}
        # Nobody can say more: what start has done is done.
        job.status = JobStatus.COMPLETED
        return {"status": "completed", "text": text_of(job.log)}
    percentage = more[0] if more else None
    job.status, job.log = status_of(status), log
    job.is_starting = job.is_starting and job.status is JobStatus.STARTING
    if percentage is not None:
        job.percentage = percentage
    text = text_of(log)
    if isinstance(percentage, (int, float)):
        text = f"{text} (percentage: {percentage:g})".strip()
    return {"status": job.status.value, "text": text}


def result_of(handler, job):
    try:
        text, content = several(handler.result(), "result")
    except NotImplementedError:
        # There is nothing to be written anywhere.
        job.writes_target = True
        return {"text": text_of(job.log), "content": ""}
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(f"result() gave {type(content).__name__}: expected a text and bytes")
    return {"text": text_of(text), "content": base64.b64encode(content).decode()}


def remove(handler, job):
    try:
        removed = handler.remove()
    except NotImplementedError:
        return {"status": "unknown", "text": "its handler has no remove(): what it began may go on"}
    if isinstance(removed, (tuple, list)):
        status, text, *_ = several(removed, "remove")
        return {"status": status_of(status).value, "text": text_of(text)}
    return {"status": "removed", "text": text_of(removed)}


METHODS = {"start": start_job, "progress": progress, "result": result_of, "remove": remove}


def several(value, method):
    if isinstance(value, (tuple, list)) and len(value) >= 2:
        return value
    raise TypeError(f"{method}() gave {value!r}: expected two values")


def status_of(value):
    from services.job_handler_interface import JobStatus

    try:
        return JobStatus(value)
    except ValueError:
        known = ", ".join(status.value for status in JobStatus)
        raise ValueError(f"{value!r} is no status of a job: expected one of {known}") from None


def text_of(value):
    if isinstance(value, (list, tuple)):
        return "\n".join(str(each) for each in value)
    return "" if value is None else str(value)


def main():
    ours = host.current = host.Host()
    start = ours.read_start()
    ours.listen()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    pid = os.getpid()
    kept = {}

    def kept_by(job):
        kept["kept"] = job.kept()
        return kept["kept"]

    try:
        module = load(start["file"])
        if start["call"] == "describe":
            result = describe(module)
        else:
            result = call(module, {**start, "kept_by": kept_by})
    except BaseException as error:
        result = {"error": host.describe(error, os.path.dirname(os.path.dirname(start["file"]))), **kept}
        del error
    if os.getpid() != pid:
        # A child that the handler forked came back here: it has no result to give.
        os._exit(0)
    sys.stdout.flush()
    sys.stderr.flush()
    ours.finish(result)
    # Threads that the handler left behind do not keep it.
    os._exit(0)


main()
