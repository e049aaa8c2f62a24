"""A lost connection is dialled again, and is the same job."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from control import DEADLINE, eventually
from step import SHELLS


def host_keys(control) -> list[str]:
    return control.said("host-key")


def test_a_lost_connection_is_the_same_job_again(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    first = gateway.attached()
    assert first.said("resume") == []
    assert gateway.ssh(first, "echo before").stdout == b"before\n"
    gateway.cut()
    second = gateway.attached(1)
    assert second.said("resume") == [f"{gateway.job} {gateway.secret}"]
    assert host_keys(second) == host_keys(first)
    assert second.said("state") == ["failed 3"]
    assert gateway.ssh(second, "pwd").stdout.decode().strip() == str(step.folder)
    gateway.cut()
    third = gateway.attached(2)
    assert third.said("resume") == [f"{gateway.job} {gateway.secret}"]
    third.end("Ended.")
    assert run.wait() == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_the_log_goes_on(step, gateway, shell):
    for gate in ["first", "second"]:
        os.mkfifo(step.folder / gate)
    command = "echo one; read line <first; echo two; read line <second; echo three >&2; exit 3"
    run = step.run(gateway, "--always", "--log", "--", "sh", "-c", command, shell=shell)
    gateway.attached()
    gateway.wait_until(lambda: gateway.begun_logs == [b"one\n"], "no log has come")
    gateway.cut()
    # Said while nobody listens.
    (step.folder / "first").write_text("go\n")
    control = gateway.attached(1)
    gateway.wait_until(lambda: gateway.begun_logs == [b"one\n", b"two\n"], "the log does not go on")
    # And a second time, with nothing to say in between.
    gateway.cut()
    control = gateway.attached(2)
    (step.folder / "second").write_text("go\n")
    control.wait_for("exit 3")
    gateway.wait_until(lambda: len(gateway.logs) == 3, "the log does not end")
    assert b"".join(gateway.begun_logs).split() == [b"one", b"two", b"three"]
    control.end("Ended.")
    assert run.wait() == 3


def test_a_log_that_the_gateway_refuses_is_not_offered_again(step, gateway, monkeypatch):
    dispatch, offers = gateway._dispatch, []

    def refuse_logs(request, descriptors, relay):
        if not request["command"].startswith("attach-log"):
            return dispatch(request, descriptors, relay)
        offers.append(request["command"])
        for descriptor in descriptors:
            os.close(descriptor)
        relay.sendall(bytes([69]))
        relay.close()

    monkeypatch.setattr(gateway, "_dispatch", refuse_logs)
    os.mkfifo(step.folder / "gate")
    run = step.run(gateway, "--always", "--log", "--", "sh", "-c", "seq 3; read line <gate; seq 3; exit 3")
    control = gateway.attached()
    eventually(lambda: offers, "no log has come")
    (step.folder / "gate").write_text("go\n")
    control.wait_for("exit 3")
    control.end("Ended.")
    assert run.wait() == 3
    assert offers == [f"attach-log {gateway.job}"]


def test_a_new_secret_replaces_the_old_one(step, gateway):
    run = step.run(gateway, "--", "false")
    gateway.attached()

    def accept(control):
        control.send("sallyport 1")
        control.wait_for("done")
        control.accept("57", "b" * 40, gateway.builder_key)

    gateway.on_attach = accept
    gateway.cut()
    gateway.attached(1)
    gateway.cut()
    third = gateway.attached(2)
    assert third.said("resume") == ["57 " + "b" * 40]
    third.end("Ended.")
    assert run.wait() == 1


def test_keys_of_the_lost_connection_do_not_count_any_more(step, gateway):
    run = step.run(gateway, "--", "false")
    first = gateway.attached()
    first.wait_for(first.add_key(gateway.person_key))
    assert gateway.ssh(first, "true", identity=gateway.person_identity).returncode == 0
    gateway.cut()
    second = gateway.attached(1)
    assert gateway.ssh(second, "true", identity=gateway.person_identity).returncode == 255
    assert gateway.ssh(second, "echo in").stdout == b"in\n"
    second.end("Ended.")
    assert run.wait() == 1


def test_a_gateway_that_was_away(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    gateway.attached()
    gateway.on_connection = gateway.hang_up
    gateway.cut()
    gateway.wait_until(lambda: gateway.accepted_connections >= 3, "the script does not dial again")
    gateway.on_connection = gateway.serve
    second = gateway.attached(1)
    assert gateway.ssh(second, "echo in").stdout == b"in\n"
    second.end("Ended.")
    assert run.wait() == 3


def test_a_gateway_that_stays_away(step, gateway):
    run = step.run(gateway, "--reconnect", "3s", "--", "sh", "-c", "exit 3")
    gateway.attached()
    gateway.on_connection = gateway.hang_up
    begin = time.monotonic()
    gateway.cut()
    assert run.wait() == 3
    assert time.monotonic() - begin < 12
    assert len(run.stderr.lines) == 1, run.stderr.text


def test_a_job_that_ended_meanwhile(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    gateway.attached()

    def refuse(control):
        control.send("sallyport 1")
        control.wait_for("done")
        control.refuse("Job 57 has ended meanwhile.", 69)

    gateway.on_attach = refuse
    gateway.cut()
    assert run.wait() == 3
    assert run.stderr.lines == ["sallyport: Job 57 has ended meanwhile."]
    assert len(gateway.controls) == 2


def test_a_command_that_runs_through_it(step, gateway):
    os.mkfifo(step.folder / "gate")
    run = step.run(gateway, "--always", "--", "sh", "-c", "echo one; read line <gate; echo two; exit 4")
    gateway.attached()
    gateway.cut()
    second = gateway.attached(1)
    assert second.said("state") == ["running"]
    (step.folder / "gate").write_text("go\n")
    second.wait_for("exit 4")
    second.end("Ended.")
    assert run.wait() == 4
    assert run.stdout.text == "one\ntwo\n"


def test_a_command_that_ends_during_it(step, gateway):
    os.mkfifo(step.folder / "gate")
    run = step.run(gateway, "--always", "--", "sh", "-c", "read line <gate; echo ended; exit 4")
    gateway.attached()
    gateway.on_connection = gateway.hang_up
    gateway.cut()
    gateway.wait_until(lambda: gateway.accepted_connections >= 2, "the script does not dial again")
    (step.folder / "gate").write_text("go\n")
    run.stdout.wait_for("ended\n")
    gateway.on_connection = gateway.serve
    second = gateway.attached(1)
    eventually(
        lambda: "exit 4" in second.lines or second.said("state") == ["failed 4"], lambda: f"no status: {second.lines}"
    )
    second.end("Ended.")
    assert run.wait() == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_script_that_is_cancelled_meanwhile(step, gateway, number):
    run = step.run(gateway, "--", "sh", "-c", "exit 3")
    gateway.attached()
    gateway.on_connection = gateway.hang_up
    gateway.cut()
    gateway.wait_until(lambda: gateway.accepted_connections >= 2, "the script does not dial again")
    begin = time.monotonic()
    run.signal(number, group=True)
    assert run.wait() == 3
    assert time.monotonic() - begin < 6


def test_sessions_of_the_lost_connection_end(step, gateway):
    run = step.run(gateway, "--", "false")
    first = gateway.attached()
    with subprocess.Popen([*gateway.client(first), "machine", "echo inside; cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inside:  # fmt: skip
        assert inside.stdout.readline() == b"inside\n"
        gateway.cut()
        inside.wait(DEADLINE)
    second = gateway.attached(1)
    second.end("Ended.")
    assert run.wait() == 1
