"""Speaks JSON lines to the process that has started this one. docs/executors.md says the protocol."""

import json
import os
import queue
import select
import threading
import traceback

PROGRAM_INPUT = 3
PROGRAM_OUTPUT = 4
PIECE_BYTES = 4096


def marked_pieces(mark, text):
    """A message among what is printed: in pieces that a pipe takes whole. docs/executors.md says how."""
    room = PIECE_BYTES - len(mark) - 3
    starts = range(0, len(text), room)
    ends = ["+"] * (len(starts) - 1) + ["."]
    return [f"\n{mark}{end}{text[at : at + room]}\n" for at, end in zip(starts, ends)]


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
        start = json.loads(self._input.readline())
        self._mark = start.get("mark")
        self._is_detached = start.get("is_detached", False)
        return start

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
        if not self.is_done and not self._is_detached:
            # Without a host there is nobody to work for.
            os._exit(1)

    is_done = False
    _mark = None
    _is_detached = False

    def tell(self, message):
        text = json.dumps(message, allow_nan=False)
        pieces = [text + "\n"] if self._mark is None else marked_pieces(self._mark, text)
        with self._write_lock:
            for piece in pieces:
                data = memoryview(piece.encode("utf-8", "replace"))
                while data:
                    data = data[self._write(data) :]

    def _write(self, data):
        # None: the script prints into the same stream, has made it non-blocking, and it is full.
        written = self._output.write(data)
        if written is None:
            select.select([], [self._output], [])
        return written or 0

    def ask(self, kind, request):
        """What the host replies to a request of this kind. Raises what it has against it."""
        if self._is_detached:
            raise RuntimeError(f"the {kind} of a job cannot be reached in this kind of executor")
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
        if not self._is_detached:
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
