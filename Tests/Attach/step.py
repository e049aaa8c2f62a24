"""A step of a CI job: a folder, a home, an environment, and the script that runs in it."""

from __future__ import annotations

import contextlib
import os
import signal
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from control import DEADLINE, eventually
from gateway import Gateway
from left_behind import descendants, describe, files

SCRIPT = Path(__file__).resolve().parents[2] / "Sources/Attach/sallyport-attach"

SHELLS = {
    "dash": ["/usr/bin/dash"],
    "bash": ["/usr/bin/bash"],
    "busybox ash": ["/usr/bin/busybox", "ash"],
    "ksh": ["/usr/bin/ksh"],
}


class Output:
    """What a program has written to one of its streams, as it comes."""

    def __init__(self, stream) -> None:
        self.data = b""
        self.has_ended = False
        self._changed = threading.Condition()
        self._stream = stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # A terminal whose processes have all ended cannot be read: EIO.
        with self._stream, contextlib.suppress(OSError):
            while data := os.read(self._stream.fileno(), 1 << 16):
                with self._changed:
                    self.data += data
                    self._changed.notify_all()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        return self.data.decode(errors="surrogateescape")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def wait_for(self, text: str, within: float = DEADLINE) -> None:
        with self._changed:
            self._changed.wait_for(lambda: text in self.text or self.has_ended, within)
            assert text in self.text, f"nothing says {text!r} within {within} s, but {self.text!r}"

    def wait_for_end(self, within: float = DEADLINE) -> None:
        """Waits until nobody has the stream open any more. Many CIs wait for that, rather than for the process."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.has_ended, within), "somebody keeps an output of the step open"


class Run:
    """One run of the script."""

    def __init__(self, words: list[str], environment: dict[str, str], folder: Path, **options) -> None:
        self.words = words
        self.begin = time.monotonic()
        options = {"stdin": subprocess.DEVNULL, "start_new_session": True} | options
        self.process = subprocess.Popen(
            words, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **options
        )
        self.stdout = Output(self.process.stdout)
        self.stderr = Output(self.process.stderr)

    def wait(self, within: float = DEADLINE) -> int:
        """Waits for the end of the script, and of its outputs; returns its status."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the script runs on: {self.stderr.text!r}") from None
        self.seconds = time.monotonic() - self.begin
        self.stdout.wait_for_end()
        self.stderr.wait_for_end()
        return status

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)


class Step:
    """Where a script runs. Its temporary folder has to be empty, and its home as it was, at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "build"
        self.home = folder / "home"
        # Like most: a short path. pytest's own folders are so long that no socket fits in.
        self.tmp = Path(tempfile.mkdtemp(prefix="step-", dir="/tmp"))
        for made in (self.folder, self.home):
            made.mkdir(parents=True)
        (self.home / ".profile").write_text(":\n")
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.home), "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8", "CI": "true", "STEP": "check",
        }  # fmt: skip
        self.runs: list[Run] = []
        #: Files that a test expects to stay in the temporary folder.
        self.can_leave_files = False
        self._home_before = files(self.home)

    def run(
        self, gateway: Gateway | None, *words: str, shell: str = "dash", environment: dict[str, str] | None = None, **options
    ) -> Run:
        """Starts the script: OPTION… [-- COMMAND…], with the options for this gateway before them."""
        before = [gateway.destination, *gateway.options] if gateway else []
        run = Run(
            [*SHELLS[shell], str(SCRIPT), *before, *words],
            self.environment | (environment or {}),
            options.pop("folder", self.folder),
            **options,
        )
        self.runs.append(run)
        return run

    # --- What is left

    def processes(self, gateways: list[Gateway]) -> list[int]:
        """What the scripts have started and what still runs."""
        others = {process.pid for gateway in gateways for process in gateway.connections}
        return [identifier for identifier in descendants(os.getpid(), others) if not _is_relay(identifier)]

    def leftovers(self) -> list[str]:
        return sorted(files(self.tmp))

    def check_nothing_is_left(self, gateways: list[Gateway], within: float = 10.0) -> None:
        eventually(
            lambda: not self.processes(gateways),
            lambda: "these still run: " + "; ".join(map(describe, self.processes(gateways))),
            within,
        )
        if not self.can_leave_files:
            eventually(lambda: not self.leftovers(), lambda: f"files are left: {self.leftovers()}", within)
        assert files(self.home) == self._home_before, "the home has changed"

    def clean_up(self, gateways: list[Gateway]) -> None:
        for identifier in self.processes(gateways):
            try:
                os.kill(identifier, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for run in self.runs:
            run.process.wait()
        shutil.rmtree(self.tmp, ignore_errors=True)


def _is_relay(identifier: int) -> bool:
    """Whether this is the gateway's: an orphan of an sshd that was killed, on its way out."""
    try:
        return b"/relay.py\0" in Path(f"/proc/{identifier}/cmdline").read_bytes()
    except OSError:
        return False
