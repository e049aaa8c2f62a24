"""The first rule, where something goes wrong: it costs one line, never the build's result, and never much time."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from control import DEADLINE
from gateway import make_key
from step import SCRIPT, Step

# 20 seconds to get in, and what this computer needs in addition while it runs other tests.
LONGEST = 25.0

COMMAND = ["--", "sh", "-c", "echo out; echo err >&2; exit 3"]


def check(run, within: float = LONGEST, mentions: str = "") -> None:
    """The run ended with the command's status, untouched output, and one line of the script's."""
    assert run.wait(within + DEADLINE) == 3, run.stderr.text
    assert run.stdout.text == "out\n"
    lines = run.stderr.lines
    lines.remove("err")
    assert len(lines) == 1 and lines[0].startswith("sallyport: "), lines
    assert lines[0].isprintable(), lines
    assert mentions in lines[0], lines
    assert run.seconds < within, f"{run.seconds} s"


# --- Gateways that answer too late, or never. These wait, all at once.


def says_nothing_after_login(gateway):
    gateway.on_attach = lambda control: None


def never_gets_ready(gateway):
    gateway.on_attach = lambda control: control.send("sallyport 1")


def accepts_without_ready(gateway):
    def accept(control):
        control.send("sallyport 1", "job 57", f"secret {gateway.secret}", f"key {gateway.builder_key}")

    gateway.on_attach = accept


def writes_without_end(gateway):
    def write(control):
        while not control.has_ended:
            try:
                control.send_bytes(b"no protocol at all " * 50 + b"\n")
            except OSError:
                return

    gateway.on_attach = write


def writes_one_endless_line(gateway):
    def write(control):
        while not control.has_ended:
            try:
                control.send_bytes(b"x" * 1000)
            except OSError:
                return

    gateway.on_attach = write


def accepts_connections_and_says_nothing(gateway):
    gateway.on_connection = gateway.hold


def drips(gateway):
    def drip(connection):
        stop = threading.Event()
        with connection:
            while not gateway._closing and not stop.wait(0.5):
                try:
                    connection.sendall(b"not yet\r\n")
                except OSError:
                    return

    gateway.on_connection = drip


SLOW = [says_nothing_after_login, never_gets_ready, accepts_without_ready, writes_without_end, writes_one_endless_line,
        accepts_connections_and_says_nothing, drips]  # fmt: skip


@pytest.mark.parametrize("mode", ["--on-failure", "--always"])
def test_a_gateway_that_never_gets_ready_costs_twenty_seconds(make_gateway, gateways, tmp_path, mode):
    runs = []
    for behaviour in SLOW:
        gateway, step = make_gateway(), Step(tmp_path / behaviour.__name__)
        behaviour(gateway)
        runs.append((behaviour.__name__, step, step.run(gateway, mode, *COMMAND)))
    try:
        problems = []
        for name, step, run in runs:
            try:
                check(run)
            except AssertionError as problem:
                problems.append(f"{name}: {problem}")
        assert not problems, "\n".join(problems)
        for _, step, _ in runs:
            step.check_nothing_is_left(gateways)
    finally:
        for _, step, _ in runs:
            step.clean_up(gateways)


# --- Gateways that do not let the script in


def refuses(text: str, status: int):
    def refuse(gateway):
        def answer(control):
            control.send("sallyport 1")
            control.wait_for("done")
            control.refuse(text, status)

        gateway.on_attach = answer

    return refuse


def speaks_another_protocol(gateway):
    gateway.on_attach = lambda control: control.refuse("This gateway speaks the protocols 2 to 3: update the script.", 76)


def has_no_such_command(gateway):
    def answer(control):
        os.write(control.errors, b"There is no command attach here.\n")
        control.finish(64)

    gateway.on_attach = answer


def ends_with_garbage(gateway):
    def answer(control):
        control.send_bytes(b"\x1b[2J\x00\xff garbage\nand more\n" * 100)
        control.finish(0)

    gateway.on_attach = answer


def ends_in_the_middle(gateway):
    def answer(control):
        control.send("sallyport 1", "job 57")
        control.finish(255)

    gateway.on_attach = answer


def resets_connections(gateway):
    gateway.on_connection = gateway.hang_up


def is_another_host(gateway):
    gateway.known_hosts.write_text(f"[127.0.0.1]:{gateway.port} {make_key(gateway.folder / 'other')}\n")


def is_unknown(gateway):
    gateway.known_hosts.write_text("")


def does_not_know_the_key(gateway):
    (gateway.folder / "authorized_keys").write_text(make_key(gateway.folder / "other") + "\n")


def has_no_key_file(gateway):
    gateway.identity.unlink()


QUICK = {
    "refuses": (refuses("The key may not attach (key 3 of alice).", 77), "may not attach"),
    "is full": (refuses("alice has 20 machines here, which is the limit.", 75), "20 machines"),
    "refuses without a word": (refuses("", 77), ""),
    "speaks another protocol": (speaks_another_protocol, "protocols 2 to 3"),
    "has no such command": (has_no_such_command, "no command attach"),
    "ends with garbage": (ends_with_garbage, ""),
    "ends in the middle": (ends_in_the_middle, ""),
    "resets connections": (resets_connections, ""),
    "is another host": (is_another_host, ""),
    "is unknown": (is_unknown, ""),
    "does not know the key": (does_not_know_the_key, "ermission denied"),
    "has no key file": (has_no_key_file, ""),
}


@pytest.mark.parametrize("mode", ["--on-failure", "--always"])
@pytest.mark.parametrize("group", [list(QUICK)[start::3] for start in range(3)], ids=lambda group: "; ".join(group))
def test_a_gateway_that_lets_nobody_in(make_gateway, gateways, tmp_path, mode, group):
    runs = []
    for number, name in enumerate(group):
        gateway, step = make_gateway(), Step(tmp_path / f"machine-{number}")
        QUICK[name][0](gateway)
        runs.append((name, step, step.run(gateway, mode, *COMMAND)))
    try:
        problems = []
        for name, step, run in runs:
            try:
                check(run, mentions=QUICK[name][1])
            except AssertionError as problem:
                problems.append(f"{name}: {problem}")
        assert not problems, "\n".join(problems)
        for _, step, _ in runs:
            step.check_nothing_is_left(gateways)
    finally:
        for _, step, _ in runs:
            step.clean_up(gateways)


def test_a_refusal_is_final(step, gateway):
    refuses("The key may not attach.", 77)(gateway)
    check(step.run(gateway, *COMMAND), mentions="may not attach")
    assert len(gateway.controls) == 1


def test_a_port_on_which_nothing_listens(step):
    with socket.socket() as unused:
        # Bound, and so nobody else's; not listening.
        unused.bind(("127.0.0.1", 0))
        check(step.run(None, "127.0.0.1", "--port", str(unused.getsockname()[1]), *COMMAND), mentions="refused")


def test_a_name_that_cannot_be_resolved(step):
    check(step.run(None, "builds@gateway.invalid", *COMMAND))


def test_a_gateway_that_takes_none_of_the_log_costs_five_seconds(step, gateway, monkeypatch):
    dispatch, held = gateway._dispatch, []

    def hold_logs(request, descriptors, relay):
        if request["command"].startswith("attach-log"):
            held.append((descriptors, relay))
        else:
            dispatch(request, descriptors, relay)

    monkeypatch.setattr(gateway, "_dispatch", hold_logs)
    os.mkfifo(step.folder / "gate")
    # More than all buffers on the way.
    run = step.run(gateway, "--always", "--log", "--", "sh", "-c", "read line <gate; seq 2000000; exit 3")
    control = gateway.attached()
    (step.folder / "gate").write_text("go\n")
    run.stdout.wait_for("\n2000000\n")
    control.wait_for("exit 3", within=10)
    control.end("Ended.")
    assert run.wait() == 3
    for descriptors, relay in held:
        relay.close()
        for descriptor in descriptors:
            os.close(descriptor)


# --- Machines on which nothing works


def test_a_machine_without_ssh(step, gateway):
    programs = step.home.parent / "programs"
    programs.mkdir()
    for name in os.listdir("/usr/bin"):
        if not name.startswith(("ssh", "scp", "sftp")):
            (programs / name).symlink_to(Path("/usr/bin", name))
    check(step.run(gateway, *COMMAND, environment={"PATH": str(programs)}))
    assert gateway.accepted_connections == 0


def hangs(folder: Path) -> str:
    return "exec sleep 1000"


def hangs_in_a_profile(folder: Path) -> str:
    # bash reads this file first, as it does ~/.bashrc in a session.
    (folder / "profile").write_text("sleep 1000; :\n")
    return f'exec /usr/sbin/sshd -o SetEnv=BASH_ENV={folder}/profile "$@"'


HANGING = {
    "sshd": ("sshd", hangs), "ssh-keygen": ("ssh-keygen", hangs), "profile": ("sshd", hangs_in_a_profile)}


@pytest.mark.parametrize("mode", ["--on-failure", "--always"])
def test_a_machine_that_hangs_costs_ten_seconds(gateway, gateways, tmp_path, mode):
    runs = []
    for what, (program, make) in HANGING.items():
        step = Step(tmp_path / what)
        programs = step.home.parent / "programs"
        programs.mkdir()
        (programs / program).write_text(f"#!/bin/sh\n{make(programs)}\n")
        (programs / program).chmod(0o755)
        environment = {"PATH": f"{programs}:{step.environment['PATH']}"}
        runs.append((what, step, step.run(gateway, mode, *COMMAND, environment=environment)))
    try:
        for what, step, run in runs:
            check(run, within=15, mentions="nothing for 10 seconds")
            step.check_nothing_is_left(gateways)
    finally:
        for _, step, _ in runs:
            step.clean_up(gateways)
    assert gateway.accepted_connections == 0


def test_a_machine_that_is_slow_in_everything_costs_twenty_seconds(step, gateway):
    programs = step.home.parent / "programs"
    programs.mkdir()
    for program in ("/usr/bin/ssh-keygen", "/usr/sbin/sshd"):
        shim = programs / Path(program).name
        shim.write_text(f'#!/bin/sh\nsleep 8\nexec {program} "$@"\n')
        shim.chmod(0o755)
    check(step.run(gateway, *COMMAND, environment={"PATH": f"{programs}:{step.environment['PATH']}"}), mentions="nothing for ")
    assert gateway.accepted_connections == 0


def test_a_temporary_folder_that_does_not_exist(step, gateway):
    run = step.run(gateway, *COMMAND, environment={"TMPDIR": "/no/such/folder"})
    gateway.attached().end("Ended.")
    assert run.wait() == 3


@pytest.mark.parametrize("name", ["with spaces", "with'quote", "with\nnewline", "x" * 120, "with$(touch pwned)"])
def test_a_temporary_folder_with_an_odd_name(step, gateway, name):
    folder = step.home.parent / name
    folder.mkdir()
    run = step.run(gateway, *COMMAND, environment={"TMPDIR": str(folder)})
    control = gateway.attached()
    assert gateway.ssh(control, "echo in").stdout == b"in\n"
    control.end("Ended.")
    assert run.wait() == 3
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("missing", ["HOME", "PATH", "LANG", "SHELL", "USER"])
def test_a_variable_that_is_missing(step, gateway, missing):
    step.environment.pop(missing, None)
    run = step.run(gateway, *COMMAND)
    control = gateway.attached()
    assert gateway.ssh(control, "echo in").stdout == b"in\n"
    control.end("Ended.")
    assert run.wait() == 3


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_stream_that_is_closed(step, gateway, closed):
    run = step.run(gateway, "--", "sh", "-c", "exit 3", preexec_fn=lambda: os.close(closed))
    control = gateway.attached()
    assert gateway.ssh(control, "echo in").stdout == b"in\n"
    control.end("Ended.")
    assert run.wait() == 3


def test_nobody_reads_the_errors(step, gateway):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        ["dash", str(SCRIPT), gateway.destination, *gateway.options, "--", "sh", "-c", "exit 3"],
        env=step.environment, cwd=step.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing,
    )  # fmt: skip
    os.close(writing)
    control = gateway.attached()
    control.send("say Somebody has entered.")
    control.end("Ended.")
    assert process.wait(DEADLINE) == 3


# --- Options that are wrong

WRONG = [
    ["--no-such-option"],
    ["--wait", "soon"],
    ["--idle", "5 m"],
    ["--reconnect", "-1"],
    ["--time-left", "$(date)"],
    ["--until", "whenever"],
    ["--if", "a b"],
    ["--port"],
    ["--identity"],
    ["--port", "22 -oProxyCommand=x"],
    ["another-gateway"],
    ["--log", "--public"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_option_costs_one_line(step, gateway, words):
    check(step.run(gateway, *words, *COMMAND), within=10)
    assert gateway.accepted_connections == 0


@pytest.mark.parametrize("destination", [None, "", "-oProxyCommand=touch pwned", "--", "$(touch pwned)", "a b"])
def test_a_wrong_gateway_costs_one_line(step, destination):
    run = step.run(None, *([] if destination in (None, "--") else [destination]), *COMMAND)
    check(run, within=10)
    assert not (step.folder / "pwned").exists()


def test_without_a_command_a_gateway_that_is_away_is_no_failure(step, make_gateway):
    gateway = make_gateway()
    refuses("The key may not attach.", 77)(gateway)
    run = step.run(gateway)
    assert run.wait() == 0
    assert run.stdout.text == ""
    assert len(run.stderr.lines) == 1


def test_help(step):
    run = step.run(None, "--help")
    assert run.wait() == 0
    assert "sallyport-attach" in run.stdout.text and "--on-failure" in run.stdout.text
    assert max(map(len, run.stdout.lines)) < 132


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.parametrize("log", [["--log"], []])
def test_a_disk_that_fills_later(step, gateway, log):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "full", step.tmp], check=True)
    try:
        os.mkfifo(step.folder / "gate")
        run = step.run(gateway, "--always", *log, "--", "sh", "-c", "read line <gate; seq 9; exit 3")
        control = gateway.attached()
        with open(step.tmp / "all", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 4096)
        assert gateway.ssh(control, "echo in").stdout == b"in\n"
        (step.folder / "gate").write_text("go\n")
        control.wait_for("exit 3")
        assert gateway.ssh(control, "echo still").stdout == b"still\n"
        control.end("Ended.")
        assert run.wait() == 3
        assert run.stdout.text.split() == [str(number) for number in range(1, 10)]
        (step.tmp / "all").unlink()
        assert os.listdir(step.tmp) == []
    finally:
        subprocess.run(["umount", "-l", step.tmp], check=True)
