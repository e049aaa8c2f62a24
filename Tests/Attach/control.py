"""The gateway's end of one `attach`: what the script has said, and what it is told. docs/attach/protocol.md."""

from __future__ import annotations

import contextlib
import os
import threading
import time

# No event of these tests takes longer than this, however busy the computer is.
DEADLINE = 20.0


class Control:
    """One control connection of a script."""

    def __init__(self, number: int, request: dict, descriptors: list[int], relay) -> None:
        self.number = number
        self.command: str = request["command"]
        self.environment: dict[str, str] = request["environment"]
        self.input, self.output, self.errors = descriptors
        self.relay = relay
        #: Every line that the script has sent, in order.
        self.lines: list[str] = []
        self.has_ended = False
        #: How many `key` lines were sent: the script numbers its answers the same way.
        self.keys = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()

    # --- What the script has said

    def read_everything(self) -> None:
        """Reads lines until the script closes its end, in a thread of its own."""
        # The gateway may have closed it before this thread begins.
        with contextlib.suppress(OSError), os.fdopen(os.dup(self.input), "rb") as stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line.decode().removesuffix("\n"))
                    self._changed.notify_all()
                if line == b"bye\n":
                    break
        self.finish(0)

    @property
    def hello(self) -> list[str]:
        """The lines before `done`."""
        return self.lines[: self.lines.index("done")] if "done" in self.lines else self.lines

    def said(self, word: str) -> list[str]:
        """What came after this word, once for each line that begins with it."""
        return [line[len(word) + 1 :] for line in list(self.lines) if line.split(" ")[0] == word]

    def wait_for(self, line: str, count: int = 1, within: float = DEADLINE) -> None:
        """Waits until the script has sent this line, or this many of it."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.lines.count(line) >= count or self.has_ended, within):
                raise AssertionError(f"the script did not say {line!r} within {within} s, but {self.lines}")
            assert self.lines.count(line) >= count, f"the script left without {line!r}: {self.lines}"

    def wait_for_end(self, within: float = DEADLINE) -> None:
        """Waits until the script has said `bye`, or has closed its end."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.has_ended, within), f"the script stays: {self.lines}"

    # --- What it is told

    def send(self, *lines: str) -> None:
        self.send_bytes("".join(line + "\n" for line in lines).encode())

    def send_bytes(self, data: bytes) -> None:
        with self._writing:
            while data:
                data = data[os.write(self.output, data) :]

    def accept(self, job: str, secret: str, *keys: str, name: str = "") -> None:
        self.send(f"job {job} {name}".strip(), f"secret {secret}")
        for key in keys:
            self.add_key(key)
        self.send("ready")

    def refuse(self, text: str, status: int = 77) -> None:
        self.send(f"refuse {text}")
        self.finish(status)

    def add_key(self, line: str) -> str:
        """Lets a key in; returns the answer that says that it is there."""
        self.keys += 1
        self.send(f"key {line}")
        return f"keyed {self.keys}"

    def end(self, text: str) -> None:
        """Ends the attachment, as a gateway does when the job is finished; returns when the script has left."""
        self.send(f"end {text}")
        self.wait_for_end()

    def finish(self, status: int) -> None:
        """Ends this `attach` with an exit status."""
        with self._changed:
            if self.has_ended:
                return
            self.has_ended = True
            self._changed.notify_all()
        with self._writing:
            for descriptor in (self.input, self.output, self.errors):
                os.close(descriptor)
            # After this, nobody writes to descriptors that are somebody else's by now.
            self.output = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)
        try:
            self.relay.sendall(bytes([status]))
        except OSError:
            pass
        self.relay.close()


def eventually(condition, what: str, within: float = DEADLINE):
    """Waits for something that sends no event, such as the end of another program's child; returns its value."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {what() if callable(what) else what}"
        time.sleep(0.02)
    return value
