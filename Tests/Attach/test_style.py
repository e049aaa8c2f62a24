"""What whoever reads sallyport-attach can rely on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from step import SCRIPT, SHELLS

# What runs on other people's machines.
SCRIPTS = [SCRIPT, *sorted((SCRIPT.parent / "bundle").iterdir())]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    assert script.read_bytes().startswith(b"#!/bin/sh\n")
    done = subprocess.run([Path(sys.executable).parent / "shellcheck", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_it_is_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 500


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_it(shell: str) -> None:
    done = subprocess.run([*SHELLS[shell], "-n", SCRIPT], capture_output=True, text=True)
    # ksh has opinions about style.
    complaints = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert (done.returncode, complaints) == (0, [])
