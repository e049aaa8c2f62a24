"""A stand-in for the gateway: a real sshd on loopback, and the conversation with scripts in this process.

Each connection gets an `sshd -i` of its own, so that there is no port to choose and a connection can be cut. sshd runs
relay.py as its forced command, which hands its streams over to this process through a Unix socket.
"""

from __future__ import annotations

import array
import contextlib
import getpass
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from control import DEADLINE, Control

HERE = Path(__file__).resolve().parent
PYTHON = getattr(sys, "_base_executable", sys.executable)


def make_key(file: Path, kind: str = "ed25519") -> str:
    """Makes a key pair; returns its public half: TYPE BASE64."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", file], check=True)
    return file.with_suffix(".pub").read_text().strip()


class Stream:
    """What one `attach-stream` carries: two descriptors, until `close`."""

    def __init__(self, request: dict, descriptors: list[int], relay: socket.socket) -> None:
        self.from_machine, self.to_machine, self.errors = descriptors
        self.relay = relay

    def close(self, status: int = 0) -> None:
        for descriptor in (self.from_machine, self.to_machine, self.errors):
            os.close(descriptor)
        try:
            self.relay.sendall(bytes([status]))
        except OSError:
            pass
        self.relay.close()


class Gateway:
    """A gateway that accepts every script. `on_attach` and `on_connection` replace what it does."""

    def __init__(self, folder: Path, max_sessions: int = 200) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.user = getpass.getuser()
        self.host_key = make_key(folder / "host_key")
        self.identity = folder / "identity"
        self.builder_identity = folder / "builder"
        self.person_identity = folder / "person"
        self.builder_key = make_key(self.builder_identity)
        self.person_key = make_key(self.person_identity)
        (folder / "authorized_keys").write_text(make_key(self.identity) + "\n")

        #: The job that every accepted script gets, unless it resumes one.
        self.job, self.secret, self.name = "57", secrets.token_hex(20), ""
        self.controls: list[Control] = []
        #: The job and the bytes of each `attach-log` that has ended.
        self.logs: list[tuple[str, bytes]] = []
        #: What each `attach-log` has brought so far.
        self.begun_logs: list[bytearray] = []
        self.connections: list[subprocess.Popen] = []
        self.accepted_connections = 0
        #: Called with a Control that has said `done`.
        self.on_attach = self.accept
        #: Called with a connected socket, before anything is said on it.
        self.on_connection = self.serve
        #: How `attach-stream ID` ends for an id that nobody waits for.
        self.strange_ids: list[str] = []

        self._changed = threading.Condition()
        self._wanted: dict[str, Stream | None] = {}
        self._held: list[socket.socket] = []
        self._closing = False

        self._unix = socket.socket(socket.AF_UNIX)
        # The path of a Unix socket has at most 107 bytes; pytest's folders can be longer.
        self._socket_folder = Path(os.path.realpath("/tmp")) / f"gateway-{secrets.token_hex(6)}"
        self._socket_folder.mkdir(mode=0o700)
        self.socket = self._socket_folder / "socket"
        self._unix.bind(str(self.socket))
        self._unix.listen(200)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]

        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self.host_key}\n")
        self.configuration = folder / "sshd_config"
        self.configuration.write_text(
            f"HostKey {folder}/host_key\nAuthorizedKeysFile {folder}/authorized_keys\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\nPermitTTY no\n"
            f"PrintMotd no\nMaxSessions {max_sessions}\nLogLevel VERBOSE\n"
            f"ForceCommand exec {PYTHON} -I -S {HERE}/relay.py {self.socket}\n"
        )
        self._start(self._accept_connections)
        self._start(self._accept_relays)

    # --- Connections

    def _start(self, work, *arguments) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept_connections(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._closing:
                connection.close()
                return
            with self._changed:
                self.accepted_connections += 1
                self._changed.notify_all()
            self._start(self.on_connection, connection)

    def serve(self, connection: socket.socket) -> None:
        """Gives the connection to an sshd."""
        with connection, open(self.folder / "sshd.log", "ab") as log:
            self.connections.append(
                subprocess.Popen(
                    ["/usr/sbin/sshd", "-i", "-e", "-f", self.configuration],
                    stdin=connection, stdout=connection, stderr=log, start_new_session=True, cwd=self.folder,
                )  # fmt: skip
            )

    def hold(self, connection: socket.socket) -> None:
        """Says nothing, and keeps the connection."""
        self._held.append(connection)

    def hang_up(self, connection: socket.socket) -> None:
        """Resets the connection."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    def cut(self) -> None:
        """Cuts every connection, without a word to anybody."""
        for process in self.connections:
            kill_group(process)
        for control in self.controls:
            control.finish(255)

    # --- What sshd has started

    def _accept_relays(self) -> None:
        while True:
            try:
                relay, _ = self._unix.accept()
            except OSError:
                return
            if self._closing:
                relay.close()
                return
            self._start(self._answer, relay)

    def _answer(self, relay: socket.socket) -> None:
        try:
            data, ancillary, _, _ = relay.recvmsg(1 << 16, socket.CMSG_SPACE(3 * array.array("i").itemsize))
            request = json.loads(data)
        except (OSError, ValueError):
            relay.close()
            return
        if "stream" in request:
            self._hand_over(relay, self.controls[request["stream"]])
            return
        descriptors = array.array("i")
        descriptors.frombytes(ancillary[0][2])
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self._dispatch(request, list(descriptors), relay)

    def _dispatch(self, request: dict, descriptors: list[int], relay: socket.socket) -> None:
        verb, _, argument = request["command"].partition(" ")
        if verb == "attach":
            with self._changed:
                control = Control(len(self.controls), request, descriptors, relay)
                self.controls.append(control)
                self._changed.notify_all()
            self._start(control.read_everything)
            self.on_attach(control)
        elif verb == "attach-stream":
            stream = Stream(request, descriptors, relay)
            with self._changed:
                if argument in self._wanted and self._wanted[argument] is None:
                    self._wanted[argument] = stream
                    self._changed.notify_all()
                    return
                self.strange_ids.append(argument)
                self._changed.notify_all()
            stream.close(77)
        elif verb == "attach-log":
            log = bytearray()
            self.begun_logs.append(log)
            with os.fdopen(descriptors[0], "rb", buffering=0) as stream:
                while piece := stream.read(1 << 16):
                    with self._changed:
                        log += piece
                        self._changed.notify_all()
            with self._changed:
                self.logs.append((argument, bytes(log)))
                self._changed.notify_all()
            os.close(descriptors[1])
            os.close(descriptors[2])
            with contextlib.suppress(BrokenPipeError):  # the connection was cut
                relay.sendall(b"\0")
            relay.close()
        else:
            os.write(descriptors[2], f"There is no command {verb}.\n".encode())
            for descriptor in descriptors:
                os.close(descriptor)
            relay.sendall(bytes([64]))
            relay.close()

    # --- Attachments

    def accept(self, control: Control) -> None:
        """Accepts a script, or gives it back the job that it resumes."""
        control.send("sallyport 1")
        control.wait_for("done")
        resume = control.said("resume")
        if resume and resume != [f"{self.job} {self.secret}"]:
            control.refuse("There is no such job.", 69)
            return
        control.accept(self.job, self.secret, self.builder_key, name=self.name)

    def attached(self, number: int = 0, within: float = DEADLINE) -> Control:
        """Waits for the attachment of this number, until its sshd accepts the gateway's key."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.controls) > number, within):
                raise AssertionError(f"nobody has attached: {self.sshd_log()}")
        control = self.controls[number]
        control.wait_for("done", within=within)
        control.wait_for("keyed 1", within=within)
        return control

    def wait_until(self, condition, what: str, within: float = DEADLINE) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, within), f"not within {within} s: {what}"

    def sshd_log(self) -> str:
        file = self.folder / "sshd.log"
        return file.read_text(errors="replace")[-2000:] if file.exists() else ""

    # --- Streams

    def open(self, control: Control, within: float = 10.0) -> Stream | None:
        """Asks for a stream as a gateway does; None if the script opens none in time."""
        identifier = secrets.token_hex(16)
        with self._changed:
            self._wanted[identifier] = None
        control.send(f"open {identifier}")
        with self._changed:
            self._changed.wait_for(lambda: self._wanted[identifier] is not None, within)
            return self._wanted.pop(identifier)

    def _hand_over(self, taker: socket.socket, control: Control) -> None:
        with taker:
            stream = self.open(control)
            if stream is None:
                return
            ends = array.array("i", [stream.from_machine, stream.to_machine])
            taker.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ends)])
            # The taker's own copies count from here on.
            nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
            os.dup2(nothing, stream.from_machine, inheritable=False)
            os.dup2(nothing, stream.to_machine, inheritable=False)
            os.close(nothing)
            try:
                taker.recv(1)
            except OSError:
                pass
            stream.close()

    # --- People

    def client(self, control: Control, *, program: str = "ssh", identity: Path | None = None) -> list[str]:
        """The words of a client that reaches the machine through a stream, and trusts the host keys it has announced."""
        known_hosts = self.folder / f"known_hosts.{control.number}"
        known_hosts.write_text("".join(f"machine {key}\n" for key in control.said("host-key")))
        options = [
            "IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known_hosts}",
            "GlobalKnownHostsFile=/dev/null", "LogLevel=ERROR", f"User={control.said('user')[0]}",
            f"ProxyCommand={PYTHON} -I -S {HERE}/connect.py {self.socket} {control.number}",
        ]  # fmt: skip
        words = [program, "-F", "none", "-i", str(identity or self.builder_identity)]
        return words + [word for option in options for word in ("-o", option)]

    def ssh(self, control: Control, *words: str, identity: Path | None = None, **options) -> subprocess.CompletedProcess:
        """Runs ssh to the machine to its end: OPTION… and a command."""
        flags = [word for word in words if word.startswith("-")]
        command = [word for word in words if not word.startswith("-")]
        options = {"capture_output": True, "timeout": 2 * DEADLINE, "stdin": subprocess.DEVNULL} | options
        if "input" in options:
            del options["stdin"]
        return subprocess.run([*self.client(control, identity=identity), *flags, "machine", *command], **options)

    # --- The script's words

    @property
    def destination(self) -> str:
        return f"{self.user}@127.0.0.1"

    @property
    def options(self) -> list[str]:
        """The options with which a script finds this gateway, and trusts it."""
        return ["--port", str(self.port), "--identity", str(self.identity), "--known-hosts", str(self.known_hosts)]

    def close(self) -> None:
        self._closing = True
        for address, kind in ((("127.0.0.1", self.port), socket.AF_INET), (str(self.socket), socket.AF_UNIX)):
            # accept(2) goes on in its thread after close(2).
            with socket.socket(kind) as waker:
                try:
                    waker.connect(address)
                except OSError:
                    pass
        self._listener.close()
        self._unix.close()
        for control in self.controls:
            control.finish(0)
        for process in self.connections:
            kill_group(process)
        for connection in self._held:
            connection.close()
        self.socket.unlink(missing_ok=True)
        self._socket_folder.rmdir()


def kill_group(process: subprocess.Popen) -> None:
    """Ends an sshd, its children, and what they have started."""
    from left_behind import descendants

    for identifier in [*descendants(process.pid), process.pid]:
        try:
            os.kill(identifier, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
