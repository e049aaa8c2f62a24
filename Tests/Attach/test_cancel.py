"""What a CI does to a step that it cancels: INT, TERM and KILL, to the script alone and to its process group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from control import DEADLINE, eventually
from step import SHELLS

GENTLE = [signal.SIGINT, signal.SIGTERM]
#: The longest that a cancelled step takes, with some allowance for a busy computer.
LONGEST = 5.0 + 1.0

each_signal = pytest.mark.parametrize("number", GENTLE, ids=lambda number: number.name)
to_whom = pytest.mark.parametrize("group", [False, True], ids=["to the script", "to the group"])
each_shell = pytest.mark.parametrize("shell", SHELLS)


def wait_for_end(run, begin: float) -> int:
    status = run.wait()
    assert time.monotonic() - begin < LONGEST, f"{time.monotonic() - begin} s: {run.stderr.text}"
    return status


@each_shell
@to_whom
@each_signal
def test_a_command_that_is_cancelled(step, gateway, shell, number, group):
    if shell == "busybox ash" and group is False and number == signal.SIGINT:
        pytest.skip("an ash whose env(1) cannot undo what sh does to background commands")
    run = step.run(gateway, "--", sys.executable, "-c", SAYS_SIGNAL, shell=shell)
    run.stdout.wait_for("begins\n")
    begin = time.monotonic()
    run.signal(number, group=group)
    status = wait_for_end(run, begin)
    assert (run.stdout.text, run.stderr.text) == (f"begins\n{number.name}\n", "")
    # The wait(1) of ksh 93 says 1 of a process that ends at the very moment at which the signal comes.
    assert status == 40 + number or (shell, group, status) == ("ksh", True, 1)
    # Whoever cancels a build does not want its machine.
    assert gateway.accepted_connections == 0


SAYS_SIGNAL = """
import os, signal
def end(number, _):
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
    os._exit(40 + number)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
os.write(1, b"begins\\n")
while True:
    signal.pause()
"""


@to_whom
@each_signal
def test_a_command_that_a_signal_ends(step, gateway, number, group):
    run = step.run(gateway, "--", "sh", "-c", "echo begins; exec sleep 1000")
    run.stdout.wait_for("begins\n")
    begin = time.monotonic()
    run.signal(number, group=group)
    assert wait_for_end(run, begin) == 128 + number
    assert gateway.accepted_connections == 0


@each_shell
@to_whom
@each_signal
def test_waiting_for_people_that_is_cancelled(step, gateway, shell, number, group):
    run = step.run(gateway, "--", "sh", "-c", "exit 3", shell=shell)
    control = gateway.attached()
    with subprocess.Popen([*gateway.client(control), "machine", "echo inside; cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inside:  # fmt: skip
        assert inside.stdout.readline() == b"inside\n"
        begin = time.monotonic()
        run.signal(number, group=group)
        control.wait_for("cancelled", within=2)
        # People read it while their session goes on.
        inside.stdin.write(b"still\n")
        inside.stdin.flush()
        assert inside.stdout.readline() == b"still\n"
        control.wait_for("bye", within=5)
        assert wait_for_end(run, begin) == 3
        inside.wait(DEADLINE)


@to_whom
@each_signal
def test_a_running_command_with_people_inside(step, gateway, number, group):
    run = step.run(gateway, "--always", "--", sys.executable, "-c", SAYS_SIGNAL)
    run.stdout.wait_for("begins\n")
    control = gateway.attached()
    begin = time.monotonic()
    run.signal(number, group=group)
    control.wait_for("cancelled", within=2)
    control.wait_for("bye", within=5)
    assert (wait_for_end(run, begin), run.stderr.text) == (40 + number, "")
    assert run.stdout.text == f"begins\n{number.name}\n"


def test_a_ci_that_insists(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    control = gateway.attached()
    begin = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        run.signal(number, group=True)
        control.wait_for("cancelled", within=2)
    assert wait_for_end(run, begin) == 3


def test_a_gateway_that_does_not_read_holds_up_no_cancellation(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    gateway.attached()
    for process in gateway.connections:
        os.kill(process.pid, signal.SIGSTOP)
    begin = time.monotonic()
    run.signal(signal.SIGTERM)
    assert wait_for_end(run, begin) == 3
    for process in gateway.connections:
        os.kill(process.pid, signal.SIGCONT)


@pytest.mark.parametrize("number", GENTLE, ids=lambda number: number.name)
def test_a_script_that_is_cancelled_while_it_dials(step, gateway, number):
    gateway.on_connection = gateway.hold
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    gateway.wait_until(lambda: gateway.accepted_connections == 1, "nobody has dialled")
    begin = time.monotonic()
    run.signal(number, group=True)
    assert wait_for_end(run, begin) == 3


@pytest.mark.parametrize("mode", ["--on-failure", "--always"])
@each_shell
def test_a_killed_script_leaves_nothing_that_runs(step, gateway, shell, mode):
    command = "exit 3" if mode == "--on-failure" else "exec sleep 1000"
    run = step.run(gateway, mode, "--", "sh", "-c", command, shell=shell)
    control = gateway.attached()
    inside = subprocess.Popen([*gateway.client(control), "machine", "echo inside; sleep 1000"], stdout=subprocess.PIPE)
    assert inside.stdout.readline() == b"inside\n"
    run.signal(signal.SIGKILL)
    assert run.process.wait(DEADLINE) == -signal.SIGKILL
    control.wait_for_end()
    inside.wait(DEADLINE)
    inside.stdout.close()
    if mode == "--always":
        # The command is the step's, which nobody has ended. Its CI does that.
        subprocess.run(["pkill", "-KILL", "-s", str(run.process.pid), "-x", "sleep"], check=True)


def test_a_killed_group_leaves_nothing_that_runs_and_the_next_start_removes_the_files(step, gateway, gateways):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    control = gateway.attached()
    inside = subprocess.Popen(
        [*gateway.client(control), "machine", "echo inside; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert inside.stdout.readline() == b"inside\n"
    assert step.leftovers()
    run.signal(signal.SIGKILL, group=True)
    run.wait()
    # A gateway ends the connection of a machine that has closed its line.
    control.wait_for_end()
    gateway.cut()
    inside.wait(DEADLINE)
    inside.stdout.close()
    eventually(lambda: not step.processes(gateways), lambda: step.processes(gateways))
    # While another one lives, its folder stays.
    second = step.run(gateway, "--", "sh", "-c", "exit 4")
    gateway.attached(1)
    third = step.run(gateway, "--", "sh", "-c", "exit 5")
    third_control = gateway.attached(2)
    assert len([name for name in step.leftovers() if "/" not in name]) == 2
    assert gateway.ssh(gateway.controls[1], "echo there").stdout == b"there\n"
    third_control.end("Ended.")
    assert third.wait() == 5
    gateway.controls[1].end("Ended.")
    assert second.wait() == 4
