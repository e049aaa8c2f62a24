"""What the script says of its machine before anybody is let in."""

from __future__ import annotations

import getpass
import platform
import re
import time

import pytest


def announced(step, gateway, *options: str, command=("false",)) -> list[str]:
    """What the script says before `done`."""
    run = step.run(gateway, *options, "--", *command)
    control = gateway.attached()
    hello = control.hello
    control.end("Ended.")
    assert run.wait() == 1
    return hello


def test_what_is_always_said(step, gateway):
    hello = announced(step, gateway)
    assert f"user {getpass.getuser()}" in hello
    keys = [line.split(" ") for line in hello if line.startswith("host-key ")]
    assert 1 <= len(keys) <= 4 and all(len(key) == 3 for key in keys)
    assert {key[1] for key in keys} == {"ssh-ed25519", "ecdsa-sha2-nistp256"}
    assert f"system {platform.system()}" in hello
    assert f"architecture {platform.machine()}" in hello
    assert "state failed 1" in hello
    assert [line for line in hello if line.startswith("terminal ")] == ["terminal yes"]
    assert not [line for line in hello if line.split()[0] in ("name", "note", "for", "left", "resume")]


def test_the_command_of_ssh(step, gateway):
    run = step.run(gateway, "--", "false")
    control = gateway.attached()
    assert control.command == "attach 1"
    assert "SSH_TTY" not in control.environment
    control.end("Ended.")
    assert run.wait() == 1


NOTES = {
    "it's \"quoted\"": "it's \"quoted\"",
    "$(touch pwned) `touch pwned` $HOME": "$(touch pwned) `touch pwned` $HOME",
    "100 %s %n \\n \\c": "100 %s %n \\n \\c",
    "-n": "-n",
    "two\nlines": "two lines",
    "tab\there": "tab here",
    "escape \x1b[31mred": "escape [31mred",
    "https://ci.example/job?x=1&y=2#z": "https://ci.example/job?x=1&y=2#z",
    "Grüße, 世界": "Grüße, 世界",
}


@pytest.mark.parametrize("note", NOTES, ids=ascii)
def test_a_note_is_one_line_and_nothing_else(step, gateway, note):
    hello = announced(step, gateway, "--note", note)
    assert f"note {NOTES[note]}" in hello
    assert not (step.folder / "pwned").exists()


def test_a_very_long_note_is_shortened(step, gateway):
    hello = announced(step, gateway, "--note", "é" * 5000)
    (note,) = [line for line in hello if line.startswith("note ")]
    assert 100 < len(note.encode()) <= 4096
    note.encode("utf-8")


def test_names_people_and_visibility(step, gateway):
    hello = announced(step, gateway, "--name", "linux-arm", "--for", "alice", "--private")
    assert {"name linux-arm", "for alice", "visibility private"} <= set(hello)


def test_a_public_machine(step, gateway):
    assert "visibility public" in announced(step, gateway, "--public")


@pytest.mark.parametrize(("value", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("0", 0)])
def test_durations(step, gateway, value, seconds):
    hello = announced(step, gateway, "--wait", value, "--idle", value)
    assert {f"wait {seconds}", f"idle {seconds}"} <= set(hello)


@pytest.mark.parametrize("form", ["--time-left", "--until seconds", "--until date"])
def test_the_time_that_the_ci_leaves(step, gateway, form):
    end = int(time.time()) + 3000
    option = {
        "--time-left": ["--time-left", "50m"],
        "--until seconds": ["--until", str(end)],
        "--until date": ["--until", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))],
    }[form]
    (left,) = [line for line in announced(step, gateway, *option) if line.startswith("left ")]
    assert 2960 <= int(left.split()[1]) <= 3000


def test_time_passes_while_the_command_runs(step, gateway):
    hello = announced(step, gateway, "--time-left", "50m", command=("sh", "-c", "sleep 2; exit 1"))
    (left,) = [line for line in hello if line.startswith("left ")]
    assert int(left.split()[1]) <= 2998


def test_every_line_is_one_of_the_protocol(step, gateway):
    hello = announced(step, gateway, "--name", "n", "--note", "x y", "--for", "bob", "--wait", "1m", "--time-left", "1h")
    words = "user|host-key|system|architecture|terminal|state|name|note|for|visibility|left|wait|idle"
    for line in hello:
        assert re.fullmatch(rf"({words}) [^\x00-\x1f\x7f]+", line), line
        assert "  " not in line
