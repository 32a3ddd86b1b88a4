"""What a Python script is executed by, inside its sandbox. docs/executors.md says the protocol."""

import base64
import errno
import importlib.util
import inspect
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rowmill  # noqa: E402
from rowmill.host import Host, describe  # noqa: E402

sys.modules["carium"] = rowmill


def lay_out(start):
    folder = start["folder"]
    for file in start["files"]:
        path = os.path.join(folder, file["path"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        content = file["text"].encode() if "text" in file else base64.b64decode(file["base64"])
        with open(path, "wb") as out:
            out.write(content)
    os.chdir(folder)
    sys.path.insert(0, folder)


def load(start):
    entry = start["entry"]
    folder = os.path.dirname(os.path.join(start["folder"], entry))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(entry))[0]
    path = os.path.join(start["folder"], entry)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise TypeError(f"{entry} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def job_class(module, start):
    entry, wanted = start["entry"], start["class_name"]
    found = {
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, rowmill.Job) and value is not rowmill.Job
    }
    own = {value for value in found if value.__module__ == module.__name__}
    names = ", ".join(sorted(value.__name__ for value in found))
    if wanted is not None:
        for value in found:
            if value.__name__ == wanted:
                return value
        raise TypeError(f"{entry} has no class {wanted}(rowmill.Job); it has {names or 'none'}")
    choice = own or found
    if not choice:
        raise TypeError(
            f"{entry} has no class that extends rowmill.Job: "
            "class MyJob(rowmill.Job): def on_event(self, event): …"
        )
    if len(choice) > 1:
        raise TypeError(f"{entry} has several jobs: {names}; say which is meant")
    return choice.pop()


def call(start):
    job = job_class(load(start), start)()
    returned = job.on_event(start["event"])
    if inspect.iscoroutine(returned):
        import asyncio

        returned = asyncio.run(returned)
    if isinstance(returned, rowmill.Idle):
        return {"code": "idle", "message": returned.message}
    try:
        json.dumps(returned, allow_nan=False)
    except (TypeError, ValueError) as cause:
        raise TypeError(f"what on_event returned is no JSON: {cause}") from cause
    return {"code": "success", "result": returned}


def limit_of(error):
    """The limit whose error this is: the system refused what would have passed it."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return "processes"
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EFBIG):
        return "folder"
    return {errno.EAGAIN: "processes", errno.ENOMEM: "memory"}.get(number)


def main():
    host = Host()
    start = host.read_start()
    host.listen()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    rowmill._given = (
        rowmill.Secrets(start["secrets"]),
        rowmill.Storage(lambda request: host.ask("storage", request)),
        rowmill.Log(start["log_level"], host.tell),
        host.aborted,
        lambda request: host.ask("sftp", request),
    )
    pid = os.getpid()
    try:
        lay_out(start)
        result = call(start)
    except SystemExit as error:
        if error.code not in (None, 0):
            print(error.code, file=sys.stderr)
        sys.stdout.flush()
        os._exit(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
    except BaseException as error:
        result = {"code": "error", "error": describe(error, start["folder"]), "limit": limit_of(error)}
        del error
    if os.getpid() != pid:
        # A child that the script forked came back here: it has no result to give.
        os._exit(0)
    sys.stdout.flush()
    sys.stderr.flush()
    host.finish(result)
    # Threads that the script left behind do not keep it.
    os._exit(0)


main()
