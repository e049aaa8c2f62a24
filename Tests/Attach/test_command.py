"""The first rule, where nothing goes wrong: a command runs as if the script were not there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from step import SCRIPT, SHELLS

every_shell = pytest.mark.parametrize("shell", SHELLS)

# What a command can see of how it was started. What a shell itself changes is left out.
LOOK = """
import json, os, resource, signal
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
ours = ("_", "PWD", "OLDPWD", "SHLVL", "A__z")
print(json.dumps({
    "umask": status["Umask"], "ignored": int(status["SigIgn"], 16) & ~(3 << 31), "blocked": status["SigBlk"],
    "folder": os.getcwd(), "descriptors": sorted(os.listdir("/proc/self/fd"), key=int), "nice": os.nice(0),
    "limits": resource.getrlimit(resource.RLIMIT_NOFILE), "input": os.readlink("/proc/self/fd/0"),
    "environment": {name: value for name, value in os.environ.items() if name not in ours},
}))
"""


@every_shell
def test_every_exit_status_is_the_commands(step, gateway, shell):
    for status in range(256):
        run = subprocess.run([*SHELLS[shell], SCRIPT, gateway.destination, *gateway.options, "--if", "NEVER_SET",
                              "--", "sh", "-c", f"exit {status}"], env=step.environment, cwd=step.folder,
                             capture_output=True, stdin=subprocess.DEVNULL)  # fmt: skip
        assert (run.returncode, run.stdout, run.stderr) == (status, b"", b"")
    assert gateway.accepted_connections == 0


@every_shell
@pytest.mark.parametrize("name", ["SEGV", "KILL"])
def test_a_command_that_a_signal_ends_has_the_status_that_shells_give_it(step, gateway, shell, name):
    run = step.run(gateway, "--", "sh", "-c", f"kill -{name} $$", shell=shell)
    control = gateway.attached()
    expected = 128 + signal.Signals[f"SIG{name}"]
    assert control.said("state") == [f"failed {expected}"]
    control.end("Ended.")
    assert run.wait() == expected


@every_shell
def test_success_says_nothing_and_calls_nobody(step, gateway, shell):
    run = step.run(gateway, "--", "sh", "-c", "printf out; printf err >&2", shell=shell)
    assert run.wait() == 0
    assert (run.stdout.data, run.stderr.data) == (b"out", b"err")
    assert gateway.accepted_connections == 0


@every_shell
def test_output_and_errors_stay_apart_and_untouched(step, gateway, shell):
    data = bytes(range(256)) * 4096
    (step.folder / "data").write_bytes(data)
    run = step.run(gateway, "--", "sh", "-c", "cat data data; printf 'no end of line' >&2; exit 3", shell=shell)
    gateway.attached().end("The job is finished.")
    assert run.wait() == 3
    assert run.stdout.data == data + data
    assert run.stderr.text.startswith("no end of line")
    assert "sallyport: The job is finished.\n" in run.stderr.text


@every_shell
def test_a_command_is_started_as_without_the_script(step, gateway, shell):
    reading, writing = os.pipe()
    # Descriptors that are the step's own, as make's job server has them.
    options = {"pass_fds": (reading, writing), "umask": 0o027, "stdin": subprocess.DEVNULL}
    command = [sys.executable, "-c", LOOK]
    # A shell that ignores HUP has children that ignore it, and drops variables that it cannot name.
    plain = subprocess.run([*SHELLS[shell], "-c", '"$@"; exit', "sh", *command], env=step.environment, cwd=step.folder,
                           stdout=subprocess.PIPE, **options)  # fmt: skip
    run = step.run(gateway, "--", *command, shell=shell, **options)
    assert run.wait() == 0, run.stderr.text
    os.close(reading)
    os.close(writing)
    assert json.loads(run.stdout.text) == json.loads(plain.stdout)


@every_shell
def test_words_reach_the_command_as_they_are(step, gateway, shell):
    words = ["", " ", "two words", "new\nline", "'", '"', "\\", "\\n", "$HOME", "`id`", "*", "-n", "--", "--port", "é", "%s"]
    run = step.run(gateway, "--", sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words, shell=shell)
    assert run.wait() == 0
    assert json.loads(run.stdout.text) == words


@pytest.mark.parametrize("mode", ["--on-failure", "--always"])
def test_a_command_reads_the_steps_input(step, gateway, mode):
    reading, writing = os.pipe()
    run = step.run(gateway, mode, "--", "sh", "-c", "read first; cat; echo $first; exit 3", stdin=reading)
    os.close(reading)
    os.write(writing, b"first\nsecond\nthird\n")
    os.close(writing)
    gateway.attached().end("Ended.")
    assert run.wait() == 3
    assert run.stdout.text == "second\nthird\nfirst\n"


@pytest.mark.parametrize(("command", "status"), [("/no/such/command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_started_fails_as_in_a_shell(step, gateway, command, status):
    run = step.run(gateway, "--", command)
    gateway.attached().end("Ended.")
    assert run.wait() == status


def test_a_step_that_leaves_a_process_behind_ends_as_it_would(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    assert run.wait() == 0
    background = int(run.stdout.text)
    # It is the step's own: a database that the next step needs.
    os.kill(background, signal.SIGKILL)


def test_always_attaches_before_the_command_ends_and_says_how_it_ended(step, gateway):
    os.mkfifo(step.folder / "gate")
    run = step.run(gateway, "--always", "--", "sh", "-c", "read line <gate; echo $line; exit 6")
    control = gateway.attached()
    assert control.said("state") == ["running"]
    assert control.said("exit") == []
    (step.folder / "gate").write_text("go\n")
    control.wait_for("exit 6")
    control.end("Ended.")
    assert run.wait() == 6
    assert run.stdout.text == "go\n"


def test_always_with_success(step, gateway):
    os.mkfifo(step.folder / "gate")
    run = step.run(gateway, "--always", "--", "sh", "-c", "read line <gate")
    control = gateway.attached()
    (step.folder / "gate").write_text("go\n")
    control.wait_for("exit 0")
    control.end("Ended.")
    assert run.wait() == 0


@pytest.mark.parametrize(
    ("value", "attaches"),
    [(None, False), ("", False), ("0", False), ("false", False), ("False", False), ("no", False), ("1", True),
     ("true", True), ("debug please", True)],
)  # fmt: skip
def test_if_attaches_only_when_the_variable_says_so(step, gateway, value, attaches):
    environment = {} if value is None else {"DEBUG_ME": value}
    run = step.run(gateway, "--if", "DEBUG_ME", "--", "false", environment=environment)
    if attaches:
        gateway.attached().end("Ended.")
    assert run.wait() == 1
    assert bool(gateway.accepted_connections) == attaches


@pytest.mark.parametrize("options", ["SHELLOPTS=errexit:nounset:pipefail:xtrace", "BASHOPTS=execfail"])
@pytest.mark.parametrize("wanted", [[], ["--if", "NOT_SET"]], ids=["wanted", "not wanted"])
def test_options_that_bash_takes_from_the_environment_are_the_commands(tmp_path, options, wanted):
    # Where sh is bash, as on Red Hat's systems.
    (tmp_path / "sh").symlink_to("/usr/bin/bash")
    command = ["env", options, "SALLYPORT_ATTACH_KEY=a secret", tmp_path / "sh", SCRIPT, "127.0.0.1", *wanted, "--"]
    done = subprocess.run([*command, "env"], capture_output=True, text=True)
    assert done.returncode == 0, done
    assert set(options.partition("=")[2].split(":")) <= set(re.search(r"^(?:SHELL|BASH)OPTS=(.*)$", done.stdout, re.M)[1].split(":"))
    assert "a secret" not in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_other_descriptors_are_the_commands(tmp_path, shell):
    words = [*SHELLS[shell], SCRIPT, "127.0.0.1", "--", "sh", "-c", "echo three >&3; echo four >&4"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 3>"$0.3" 4>"$0.4"', tmp_path / "file", *words], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [(tmp_path / name).read_text() for name in ("file.3", "file.4")] == ["three\n", "four\n"]


@pytest.mark.parametrize("word, status", [("failure", 1), ("", 0), ("7", 7)])
def test_wait_takes_the_words_of_cis(word, status):
    assert subprocess.run(["sh", SCRIPT, "wait", word], capture_output=True).returncode == status
