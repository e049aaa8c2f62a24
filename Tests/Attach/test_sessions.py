"""People in the step's machine, with the real ssh, scp and sftp, through streams."""

from __future__ import annotations

import concurrent.futures
import fcntl
import os
import secrets
import signal
import struct
import subprocess
import termios
import time

import pytest

from control import DEADLINE, eventually
from gateway import Stream
from left_behind import describe
from step import Output


@pytest.fixture
def control(step, gateway):
    """A step that has failed, and waits for people."""
    # A shell on a terminal would otherwise write its history to the step's home.
    run = step.run(gateway, "--", "sh", "-c", "exit 3", environment={"HISTFILE": ""})
    control = gateway.attached()
    yield control
    control.end("Ended.")
    assert run.wait() == 3


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_commands_and_their_statuses(step, gateway, control, status):
    result = gateway.ssh(control, f"echo out; echo err >&2; exit {status}")
    assert (result.returncode, result.stdout, result.stderr) == (status, b"out\n", b"err\n")


def test_a_command_that_a_signal_ends(gateway, control):
    assert gateway.ssh(control, "kill -KILL $$").returncode in (137, 255)


def test_a_shell_without_a_terminal_reads_commands_in_the_steps_folder(step, gateway, control):
    (step.folder / "wreck").write_text("of the step\n")
    result = gateway.ssh(control, input=b"cat wreck; pwd; exit 4\n")
    assert result.returncode == 4, result
    assert result.stdout.decode().splitlines() == ["of the step", str(step.folder)]


def test_the_end_of_the_input_reaches_a_command_that_goes_on(gateway, control):
    result = gateway.ssh(control, "wc -c; echo after", input=b"12345")
    assert result.stdout.split() == [b"5", b"after"]


def test_the_end_of_the_output_does_not_end_the_input(gateway, control, step):
    result = gateway.ssh(control, "exec >&- 2>&-; cat >all", input=b"x" * 3_000_000)
    assert result.returncode == 0
    assert (step.folder / "all").stat().st_size == 3_000_000


def test_twenty_megabytes_there_and_back_at_once(gateway, control):
    data = secrets.token_bytes(20_000_000)
    assert gateway.ssh(control, "cat", input=data).stdout == data


def test_a_reader_that_stops_holds_up_nobody_else(gateway, control):
    with subprocess.Popen([*gateway.client(control), "machine", "cat /dev/zero"], stdout=subprocess.PIPE) as stopped:
        assert stopped.stdout.read(1) == b"\0"
        assert gateway.ssh(control, "echo there").stdout == b"there\n"
        stopped.kill()
    assert gateway.ssh(control, "echo there").stdout == b"there\n"


def test_sftp_and_scp(step, gateway, control, tmp_path):
    data = secrets.token_bytes(300_000)
    (tmp_path / "up").write_bytes(data)
    batch = b"put up there\nrename there over-there\nget over-there down\nls\n"
    sftp = [*gateway.client(control, program="sftp"), "-b", "-", "machine"]
    result = subprocess.run(sftp, input=batch, cwd=tmp_path, capture_output=True, timeout=DEADLINE)
    assert result.returncode == 0, result
    assert (tmp_path / "down").read_bytes() == data
    # A relative path is one in the step's folder.
    assert (step.folder / "over-there").read_bytes() == data
    for flags in ([], ["-O"]):
        scp = [*gateway.client(control, program="scp"), *flags, "machine:over-there", str(tmp_path / "copy")]
        result = subprocess.run(scp, capture_output=True, timeout=DEADLINE)
        assert result.returncode == 0, (flags, result)
        assert (tmp_path / "copy").read_bytes() == data


def test_a_forwarded_connection(gateway, control):
    # The gateway's own sshd is something on the machine that listens.
    result = gateway.ssh(control, "-W", f"127.0.0.1:{gateway.port}") if False else subprocess.run(
        [*gateway.client(control), "-W", f"127.0.0.1:{gateway.port}", "machine"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE,
    )  # fmt: skip
    assert result.stdout.startswith(b"SSH-2.0-"), result


class Terminal:
    """A person's terminal with ssh in it."""

    def __init__(self, words: list[str], rows: int, columns: int) -> None:
        self.leader, follower = os.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            words, stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=os.environ | {"TERM": "vt220"},
        )  # fmt: skip
        os.close(follower)
        self.output = Output(_TerminalEnd(self.leader))

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.leader, text.encode())


class _TerminalEnd:
    """Reads like a file: the end of a terminal is an error."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = os.dup(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def fileno(self) -> int:
        return self.descriptor


def test_a_terminal(step, gateway, control):
    terminal = Terminal([*gateway.client(control), "-tt", "machine"], 30, 100)
    terminal.type("echo size=$(stty size) term=$TERM step=$STEP folder=$PWD\n")
    terminal.output.wait_for(f"size=30 100 term=vt220 step=check folder={step.folder}\r\n")
    terminal.resize(50, 132)

    def has_new_size():
        terminal.type("echo size=$(stty size)\n")
        return "size=50 132\r\n" in terminal.output.text

    eventually(has_new_size, lambda: terminal.output.text)
    # Ctrl-C ends what runs in the foreground, and nothing else. What says that it begins is in the foreground already.
    terminal.type("sh -c \"echo be''gins; exec sleep 1000\"\n")
    terminal.output.wait_for("begins\r\n")
    terminal.type("\x03")

    # Whatever is typed before the shell has noticed it is thrown away.
    def is_alive():
        terminal.type("echo alive=$((40 + 2))\n")
        return "alive=42\r\n" in terminal.output.text

    eventually(is_alive, lambda: terminal.output.text)
    terminal.type("exit 9\n")
    assert terminal.process.wait(DEADLINE) == 9
    os.close(terminal.leader)


def test_twelve_at_once(gateway, control):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        words = [f"read line; echo {number} $line" for number in range(12)]
        results = list(pool.map(lambda word: gateway.ssh(control, word, input=b"told\n").stdout, words))
    assert results == [f"{number} told\n".encode() for number in range(12)]


def test_two_who_are_inside_for_long_and_one_who_comes_and_goes(gateway, control):
    staying = [
        subprocess.Popen([*gateway.client(control), "machine", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for number in range(5):
        assert gateway.ssh(control, f"echo {number}").stdout == f"{number}\n".encode()
    for process in staying:
        assert process.communicate(b"still there", timeout=DEADLINE)[0] == b"still there"


def test_a_client_that_is_killed_leaves_nothing_on_the_machine(step, gateway, gateways, control):
    gateway.ssh(control, "true")
    eventually(lambda: len(step.processes(gateways)) == len(step.processes(gateways)), "")
    before = quiet(step, gateways)
    process = subprocess.Popen([*gateway.client(control), "machine", "echo inside; cat"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout.readline() == b"inside\n"
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    eventually(lambda: len(step.processes(gateways)) <= before, lambda: f"more processes than before: {step.processes(gateways)}")


def quiet(step, gateways) -> int:
    """The number of the step's processes, once it has been the same for a while."""
    seen: list[int] = []

    def is_quiet() -> bool:
        seen.append(len(step.processes(gateways)))
        return len(seen) > 15 and len(set(seen[-15:])) == 1

    eventually(is_quiet, "the number of processes changes")
    return seen[-1]


def test_sessions_leave_no_files_while_the_machine_waits(step, gateway, gateways, control):
    gateway.ssh(control, "true")
    quiet(step, gateways)
    before = step.leftovers()
    for _ in range(5):
        gateway.ssh(control, "true")
    eventually(lambda: step.leftovers() == before, lambda: f"{before} became {step.leftovers()}")


def test_a_persons_key_comes_and_goes(gateway, control):
    assert gateway.ssh(control, "true", identity=gateway.person_identity).returncode == 255
    control.wait_for(control.add_key(gateway.person_key))
    assert gateway.ssh(control, "echo in", identity=gateway.person_identity).stdout == b"in\n"
    # The answer to a later key says that everything before it has been done.
    control.send(f"unkey {gateway.person_key.split()[1]}")
    control.wait_for(control.add_key(gateway.builder_key))
    assert gateway.ssh(control, "true", identity=gateway.person_identity).returncode == 255
    assert gateway.ssh(control, "echo in").stdout == b"in\n"


# --- Streams on which nobody logs in: a gateway has one ready.


def unused(gateway, control) -> Stream:
    """A stream that is open, with an sshd which waits for somebody."""
    stream = gateway.open(control)
    assert stream is not None and os.read(stream.from_machine, 8) == b"SSH-2.0-"
    return stream


def sshds(step, gateways) -> list[int]:
    return [process for process in step.processes(gateways) if "sshd" in describe(process)]


def test_sshd_waits_for_as_long_as_it_takes(step, gateway, control):
    (configuration,) = step.tmp.glob("*/sshd_config")
    settings = subprocess.check_output(["/usr/sbin/sshd", "-T", "-f", configuration], text=True).splitlines()
    assert "logingracetime 0" in settings


def test_streams_that_were_never_used_end_with_the_job(step, gateway, gateways):
    run = step.run(gateway, "--", "false")
    control = gateway.attached()
    streams = [unused(gateway, control) for _ in range(2)]
    assert sshds(step, gateways)
    control.end("The deadline is over.")
    assert run.wait() == 1
    step.check_nothing_is_left(gateways, within=3)
    for stream in streams:
        stream.close()


def test_a_stream_that_was_never_used_ends_with_a_killed_script(step, gateway, gateways):
    run = step.run(gateway, "--", "false")
    control = gateway.attached()
    stream = unused(gateway, control)
    run.signal(signal.SIGKILL)
    run.process.wait(DEADLINE)
    control.wait_for_end()
    step.check_nothing_is_left(gateways, within=3)
    stream.close()


@pytest.mark.parametrize("how", ["is cut", "is silent"])
def test_a_stream_that_was_never_used_ends_with_its_connection(step, gateway, gateways, how):
    run = step.run(gateway, "--", "false")
    stream = unused(gateway, gateway.attached())
    before = sshds(step, gateways)
    assert before
    if how == "is silent":
        for process in gateway.connections:
            os.kill(process.pid, signal.SIGSTOP)
    else:
        gateway.cut()
    eventually(lambda: not set(before) & set(sshds(step, gateways)), lambda: list(map(describe, before)), within=30)
    gateway.attached(1).end("Ended.")
    assert run.wait() == 1
    gateway.cut()
    stream.close()


def test_a_stream_that_was_never_used_ends_with_its_channel(step, gateway, gateways, control):
    stream = unused(gateway, control)
    assert sshds(step, gateways)
    stream.close()
    eventually(lambda: not sshds(step, gateways), lambda: list(map(describe, sshds(step, gateways))))


def test_the_end_of_the_job_ends_sessions(step, gateway):
    run = step.run(gateway, "--", "false")
    control = gateway.attached()
    with subprocess.Popen([*gateway.client(control), "machine", "echo inside; cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout.readline() == b"inside\n"
        control.end("The deadline is over.")
        assert run.wait() == 1
        process.wait(DEADLINE)
