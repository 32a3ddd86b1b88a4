"""Speaks JSON lines to the process that has started this one. docs/executors.md says the protocol."""

import json
import os
import queue
import threading
import traceback

PROGRAM_INPUT = 3
PROGRAM_OUTPUT = 4


class Host:
    """The executor at the other end of the two descriptors."""

    def __init__(self):
        self._input = os.fdopen(PROGRAM_INPUT, "rb")
        self._output = os.fdopen(PROGRAM_OUTPUT, "wb", buffering=0)
        self._write_lock = threading.Lock()
        self._ask_lock = threading.Lock()
        self._replies = queue.Queue()
        self._last_id = 0
        self.aborted = threading.Event()
        self.has_gone = threading.Event()
        # A program of the script's own does not inherit them.
        os.set_inheritable(PROGRAM_INPUT, False)
        os.set_inheritable(PROGRAM_OUTPUT, False)

    def read_start(self):
        return json.loads(self._input.readline())

    def listen(self):
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._input:
            message = json.loads(line)
            if message["type"] == "reply":
                self._replies.put(message)
            elif message["type"] == "abort":
                self.aborted.set()
        self.has_gone.set()
        if not self.is_done:
            # Without a host there is nobody to work for.
            os._exit(1)

    is_done = False

    def tell(self, message):
        data = memoryview((json.dumps(message, allow_nan=False) + "\n").encode("utf-8", "replace"))
        with self._write_lock:
            while data:
                data = data[self._output.write(data) :]

    def ask(self, kind, request):
        """What the host replies to a request of this kind. Raises what it has against it."""
        with self._ask_lock:
            self._last_id += 1
            self.tell({"type": kind, "id": self._last_id, **request})
            reply = self._replies.get()
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply

    def finish(self, result):
        """The last message. The host has heard it when it closes its end."""
        self.is_done = True
        self.tell({"type": "result", **result})
        self.has_gone.wait()


def describe(error, folder):
    """An error with the innermost place of it in the author's files."""
    prefix = folder + os.sep
    found = {"name": type(error).__name__, "message": str(error)}
    if isinstance(error, KeyError) and error.args:
        message = error.args[0]
        found["message"] = message if isinstance(message, str) and " " in message else repr(message)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(prefix)
    ]
    if frames:
        found["file"] = frames[-1].filename[len(prefix) :]
        found["line"] = frames[-1].lineno
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(prefix):
        found["message"] = error.msg
        found["file"] = error.filename[len(prefix) :]
        found["line"], found["column"] = error.lineno, error.offset
    lines = traceback.format_list(frames) + traceback.format_exception_only(type(error), error)
    found["stack"] = "".join(lines).replace(prefix, "").rstrip()
    return found


#: The one of this process.
current = None
