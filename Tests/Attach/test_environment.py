"""What a session is like: the step's folder and environment, without its credentials."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from left_behind import descendants
from step import SCRIPT, SHELLS

ODD_VALUES = {
    "EMPTY": "",
    "SPACES": "  two  words  ",
    "NEWLINES": "\nfirst\n\nlast\n\n",
    "QUOTES": "it's \"quoted\" '' `id` $(touch pwned) ${HOME} $'x' \\ \\n",
    "ASSIGNMENT": "A=1\nB=2; export C=3\nexport D='4",
    "CONTROL": "\x01\x1b[31m\x7f\t\r",
    "UNICODE": "Grüße, 世界",
    "BYTES": "\udcff\udcfe",
    "GLOB": "* ? [a-z] ~",
    "BACKSLASH": "\\",
    "LONG": "x" * 100_000,
    "IFS": ":",
    "PS1": "$(touch pwned)# ",
    "OPTIND": "7",
    "state": "/etc",
    "keys": "/etc/passwd",
    "word": "x",
    "_UNDERSCORE": "yes",
}
HIDDEN = {
    "GITHUB_TOKEN": "ghs_0123456789abcdef", "MY_SECRET": "hush-hush-hush", "DB_PASSWORD": "correct horse",
    "AWS_SECRET_ACCESS_KEY": "AKIAxxxxxxxx", "CI_JOB_TOKEN": "glcbt-64", "NPM_TOKEN": "npm_1", "SOME_API_KEY": "k-1-2-3",
    "SSH_PRIVATE_KEY": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", "ACTIONS_RUNTIME_TOKEN": "eyJ0", "JENKINS_PSW": "p",
}  # fmt: skip

# Prints the environment of a session, which no shell has read: the values as they are.
PRINT = "cat /proc/self/environ"


def session_environment(gateway, control) -> dict[str, str]:
    result = gateway.ssh(control, f"exec {PRINT}")
    assert result.returncode == 0, result
    return environment_of(result.stdout)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_session_has_the_steps_environment(step, gateway, shell):
    odd = dict(ODD_VALUES)
    run = step.run(gateway, "--", "sh", "-c", "exit 3", shell=shell, environment=odd)
    control = gateway.attached()
    seen = session_environment(gateway, control)
    different = {name: (value, seen.get(name)) for name, value in (step.environment | odd).items()
                 if name not in ("IFS", "OPTIND", "PS1") and seen.get(name) != value}  # fmt: skip
    assert not different
    assert not (step.folder / "pwned").exists()
    control.end("Ended.")
    assert run.wait() == 3


def test_no_file_of_the_shell_changes_it_for_a_command(step, gateway):
    # bash reads this one for a command too, if it believes that it is the first shell of a session.
    bashrc = step.home / ".bashrc"
    bashrc.write_text("export FROM_BASHRC=1 PATH=/nowhere\n")
    run = step.run(gateway, "--shells", "bash", "--", "sh", "-c", "exit 3", environment={"STEP": "yes"})
    control = gateway.attached()
    seen = session_environment(gateway, control)
    assert (seen["HOME"], seen["STEP"]) == (str(step.home), "yes")
    assert "FROM_BASHRC" not in seen and seen["PATH"] == step.environment["PATH"]
    bashrc.unlink()
    control.end("Ended.")
    assert run.wait() == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_functions_that_bash_has_exported_are_not_in_the_way(step, gateway, shell):
    functions = {
        "BASH_FUNC_greet%%": "() {  echo hello\n}",
        "BASH_FUNC_cd%%": "() {  touch pwned\n}",
        "BASH_FUNC_printf%%": "() {  touch pwned\n}",
        "a.b": "dot",
        "with-dash": "1",
    }
    run = step.run(gateway, "--", "sh", "-c", "exit 3", shell=shell, environment=functions)
    control = gateway.attached()
    assert gateway.ssh(control, "pwd").stdout.decode().strip() == str(step.folder)
    control.end("Ended.")
    assert run.wait() == 3


# Names that no variable of sh can have. Docker and GitHub Actions set such ones.
ODD_NAMES = {
    "a.b": "dot", "INPUT_X-Y": "it's \"quoted\" $(touch pwned) `id` \\", "1ST": "\nfirst\n\nlast\n\n", "with space": "  two  words  ",
    "b.y.t.e.s": "\udcff\udcfe", "empty.one": "", "long.one": "x" * 20_000, "BASH_FUNC_greet%%": "() {  echo hello\n}",
}  # fmt: skip
ODD_SECRETS = {"INPUT_API-TOKEN": "ghs_0123456789abcdef", "INPUT_API-KEY": "two\nlines", "spring.FOO_ONE": "1"}

# What a command is started with, exactly.
SAY = "import os, sys; sys.stdout.buffer.write(open('/proc/self/environ', 'rb').read())"


def environment_of(output: bytes) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in output.decode(errors="surrogateescape").split("\0") if pair)
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not wanted"])
@pytest.mark.parametrize("shell", SHELLS)
def test_names_that_sh_does_not_know_reach_the_command_and_people(step, gateway, shell, wanted):
    odd = ODD_NAMES | ODD_SECRETS
    options = ["--hide", "*FOO_*"] if wanted else ["--if", "NEVER_SET"]
    run = step.run(gateway, *options, "--", sys.executable, "-c", f"{SAY}; sys.exit(3)", shell=shell, environment=odd)
    if wanted:
        control = gateway.attached()
        seen = session_environment(gateway, control)
        # A function in this form is bash's own, which writes it as it likes.
        wrong = {name: seen.get(name) for name, value in ODD_NAMES.items() if "%%" not in name and seen.get(name) != value}
        assert not wrong and not set(ODD_SECRETS) & set(seen)
        assert gateway.ssh(control, "greet").stdout == b"hello\n"
        control.end("Ended.")
    assert run.wait() == 3
    seen = environment_of(run.stdout.data)
    assert {name: seen.get(name) for name in odd | step.environment} == step.environment | odd
    assert not (step.folder / "pwned").exists()


@pytest.mark.parametrize("shell", ["dash", "busybox ash"])
def test_without_perl_credentials_with_odd_names_are_missing(step, gateway, shell):
    programs = step.home.parent / "programs"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith("perl"):
            (programs / program.name).symlink_to(program)
    environment = ODD_NAMES | ODD_SECRETS | {"PATH": str(programs)}
    run = step.run(gateway, "--hide", "*FOO_*", "--", sys.executable, "-c", SAY, shell=shell, environment=environment)
    assert run.wait() == 0, run.stderr.text
    seen = environment_of(run.stdout.data)
    assert {name: seen.get(name) for name in environment if name in seen} == ODD_NAMES | {"PATH": str(programs)}


@pytest.mark.parametrize("shell", SHELLS)
def test_variables_that_have_our_names_are_the_steps(step, gateway, shell):
    names = re.findall(r"(?:^|[ \t(])(\w+)=", SCRIPT.read_text(), re.MULTILINE)
    assert {"env", "state", "odd", "original"} <= set(names)
    environment = {name: "/the/steps" for name in names if name.islower()}
    run = step.run(gateway, "--", sys.executable, "-c", f"{SAY}; sys.exit(3)", shell=shell, environment=environment)
    control = gateway.attached()
    assert {name: value for name, value in session_environment(gateway, control).items() if name in environment} == environment
    control.end("Ended.")
    assert run.wait() == 3
    seen = environment_of(run.stdout.data)
    assert {name: seen.get(name) for name in environment} == environment


def test_credentials_are_not_given_to_people(step, gateway):
    environment = HIDDEN | {"PUBLIC": "yes", "FOO_ONE": "1", "FOO_TWO": "2", "MONKEY": "banana"}
    run = step.run(gateway, "--hide", "FOO_*", "--keep", "NPM_TOKEN", "--keep", "FOO_TWO", "--", "false", environment=environment)
    control = gateway.attached()
    seen = session_environment(gateway, control)
    assert {name for name in HIDDEN if name in seen} == {"NPM_TOKEN"}
    assert "FOO_ONE" not in seen
    assert (seen["PUBLIC"], seen["FOO_TWO"], seen["MONKEY"], seen["NPM_TOKEN"]) == ("yes", "2", "banana", "npm_1")
    control.end("Ended.")
    assert run.wait() == 1


def test_the_command_still_has_its_credentials(step, gateway):
    run = step.run(gateway, "--", "sh", "-c", 'test "$GITHUB_TOKEN" = ghs_0123456789abcdef', environment=HIDDEN)
    assert run.wait() == 0


def test_the_terminal_and_the_agent_are_the_persons_own(step, gateway):
    environment = {"TERM": "dumb", "SSH_AUTH_SOCK": "/the/steps/agent", "SSH_CONNECTION": "1 2 3 4", "TMUX": "x"}
    run = step.run(gateway, "--", "false", environment=environment)
    control = gateway.attached()
    seen = session_environment(gateway, control)
    assert "SSH_AUTH_SOCK" not in seen and "TMUX" not in seen
    assert seen.get("TERM") != "dumb"
    assert seen.get("SSH_CONNECTION") != "1 2 3 4"
    control.end("Ended.")
    assert run.wait() == 1


ODD_FOLDERS = ["two words", "it's", "-dash", "new\nline", "$(touch pwned)", "`id`", 'double"quote', "end of line\n", "Grüße", "%s"]


@pytest.mark.parametrize("name", ODD_FOLDERS)
def test_a_session_begins_in_the_steps_folder(step, gateway, name):
    folder = step.folder / name
    folder.mkdir()
    run = step.run(gateway, "--", "false", folder=folder)
    control = gateway.attached()
    assert gateway.ssh(control, "exec readlink -n /proc/self/cwd").stdout.decode() == str(folder)
    control.end("Ended.")
    assert run.wait() == 1


def test_a_folder_that_the_step_has_removed(step, gateway):
    folder = step.folder / "gone"
    folder.mkdir()
    run = step.run(gateway, "--", "sh", "-c", f"rmdir {folder}; exit 3", folder=folder)
    control = gateway.attached()
    assert gateway.ssh(control, "echo in").stdout == b"in\n"
    control.end("Ended.")
    assert run.wait() == 3


def test_sessions_know_the_scripts_folder(step, gateway):
    run = step.run(gateway, "--", "false")
    control = gateway.attached()
    folder = Path(session_environment(gateway, control)["SALLYPORT_ATTACH_DIR"])
    assert folder.parent == step.tmp
    assert folder.stat().st_mode & 0o777 == 0o700
    control.end("Ended.")
    assert run.wait() == 1


def test_a_session_makes_files_as_the_step_does(step, gateway):
    run = step.run(gateway, "--", "false", umask=0o027)
    control = gateway.attached()
    assert gateway.ssh(control, "umask").stdout.strip() in (b"0027", b"027")
    control.end("Ended.")
    assert run.wait() == 1


@pytest.mark.parametrize(
    ("shells", "expected"), [("bash,sh", "bash"), ("no-such-shell,dash", "dash"), ("no-such-shell", "sh")]
)
def test_the_first_shell_that_exists(step, gateway, shells, expected):
    run = step.run(gateway, "--shells", shells, "--", "false")
    control = gateway.attached()
    assert gateway.ssh(control, 'echo "${SHELL##*/}"').stdout.decode().strip() == expected
    control.end("Ended.")
    assert run.wait() == 1


@pytest.mark.parametrize("form", ["as it is", "without its last newline", "with CRLF"])
def test_a_key_from_the_environment_stays_there(step, gateway, form):
    text = gateway.identity.read_text()
    key = {"as it is": text, "without its last newline": text.rstrip("\n"), "with CRLF": text.replace("\n", "\r\n")}[form]
    options = [gateway.destination, "--port", str(gateway.port), "--host-key", gateway.host_key]
    run = step.run(None, *options, "--", "false", environment={"SALLYPORT_ATTACH_KEY": key})
    control = gateway.attached()
    seen = session_environment(gateway, control)
    secrets = [key.splitlines()[1], gateway.secret]
    assert not [name for name, value in seen.items() if any(secret in value for secret in secrets)]
    # Everybody on the machine can read command lines.
    for identifier in descendants(os.getpid()):
        try:
            words = Path(f"/proc/{identifier}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        assert not [secret for secret in secrets if secret in words], words
    control.end("Ended.")
    assert run.wait() == 1


def test_the_host_key_from_the_environment(step, gateway):
    options = [gateway.destination, "--port", str(gateway.port), "--identity", str(gateway.identity)]
    run = step.run(None, *options, "--", "false", environment={"SALLYPORT_ATTACH_HOST_KEY": gateway.host_key})
    gateway.attached().end("Ended.")
    assert run.wait() == 1


def test_files_of_others_are_not_readable(step, gateway):
    run = step.run(gateway, "--", "false", umask=0)
    control = gateway.attached()
    open_files = [name for name in step.leftovers()
                  if not (step.tmp / name).is_symlink() and (step.tmp / name).stat().st_mode & 0o077]  # fmt: skip
    assert not open_files
    control.end("Ended.")
    assert run.wait() == 1


def test_an_ssh_configuration_and_options_of_the_jobs_own(step, gateway):
    configuration = step.home.parent / "ssh config"
    configuration.write_text(f"Host gw\n  HostName 127.0.0.1\n  Port {gateway.port}\n  User {gateway.user}\n"
                             f"  IdentityFile {gateway.identity}\n")  # fmt: skip
    run = step.run(None, "gw", "--ssh-config", str(configuration), "--ssh-option", f"UserKnownHostsFile={gateway.known_hosts}",
                   "--ssh-option", f"HostKeyAlias=[127.0.0.1]:{gateway.port}", "--", "false")  # fmt: skip
    gateway.attached().end("Ended.")
    assert run.wait() == 1
