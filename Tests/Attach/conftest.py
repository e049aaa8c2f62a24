"""What the tests of sallyport-attach share: a step of a CI job, and a gateway."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import Gateway
from left_behind import adopt_orphans, files
from step import Step


def pytest_configure() -> None:
    adopt_orphans()
    # Whoever runs us in the background lets us ignore it, and our children would.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # OpenSSH of Debian wants this folder for root; a machine that runs no sshd has none.
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # Files of tests are the account's own, as ssh demands of keys.
    os.umask(0o022)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_ssh_folder_changes() -> Iterator[None]:
    folder = Path(pwd.getpwuid(os.geteuid()).pw_dir, ".ssh")
    before = (folder.exists(), files(folder))
    yield
    assert (folder.exists(), files(folder)) == before, f"{folder} has changed"


@pytest.fixture
def gateways() -> Iterator[list[Gateway]]:
    """The gateways of this test, which end with it."""
    made: list[Gateway] = []
    yield made
    for gateway in made:
        gateway.close()


@pytest.fixture
def make_gateway(tmp_path: Path, gateways: list[Gateway]) -> Callable[..., Gateway]:
    def make(**options) -> Gateway:
        gateway = Gateway(tmp_path / f"gateway-{len(gateways) + 1}", **options)
        gateways.append(gateway)
        return gateway

    return make


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    return make_gateway()


@pytest.fixture
def step(tmp_path: Path, gateways: list[Gateway]) -> Iterator[Step]:
    """A step. At the end of each test, nothing of its scripts is left: no process, no file, no change of the home."""
    step = Step(tmp_path / "machine")
    yield step
    try:
        # Whoever still waits for people is told that the job is finished.
        for control in [control for gateway in gateways for control in gateway.controls if not control.has_ended]:
            with contextlib.suppress(BrokenPipeError):  # it has just gone
                control.send("end The test is finished.")
        step.check_nothing_is_left(gateways)
    finally:
        step.clean_up(gateways)
