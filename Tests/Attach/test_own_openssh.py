"""Without the bundle the machine's own OpenSSH has to do. Where it cannot, its people read why before anybody waits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from machine import Machine, Obstacles, install_openssh, let_others_in, make_root, shared_bundle

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces, which needs root")

ALONE = "/script/sallyport-attach"


@pytest.fixture(scope="session", params=["bookworm", "trixie"], ids=["OpenSSH 9.2", "OpenSSH 10"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_bundle(tmp_path_factory, request.param).with_name("unpacked") / "sallyport-attach"


@pytest.fixture(scope="session")
def root(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    let_others_in(folder)
    install_openssh(make_root(folder), bundle)
    return folder


@pytest.mark.parametrize(
    "obstacles",
    [
        Obstacles(),
        Obstacles(terminals="/dev/pts without gid 5"),
        Obstacles(files="no HOME"),
        Obstacles(files="noexec /tmp"),
        Obstacles("user"),
        Obstacles("user", "no capability", "read-only root"),
        Obstacles("user", files="only /dev/shm executable"),
    ],
    ids=str,
)
def test_people_get_in(root: Path, bundle: Path, obstacles: Obstacles) -> None:
    done = Machine(root, bundle, obstacles).run(f"sh /script/small_gateway.sh {ALONE} terminal")
    lines = [line.rstrip("0123456789") for line in done.stdout.splitlines()]
    assert "said terminal yes" in lines and "status " in lines, done
    assert f"inside as {obstacles.uid} in /tmp/gateway/work with STEP=check, /dev/pts/" in lines, done
    assert not [line for line in lines if line.startswith("left")], done


NO_TTY = "Commands and copying work."


@pytest.mark.parametrize(
    "obstacles, says",
    [
        (
            Obstacles("root", "no CAP_AUDIT_WRITE"),
            "sshd here cannot give anybody a terminal (linux_audit_write_entry failed: Operation not permitted);",
        ),
        (Obstacles("user", terminals="/dev/pts without gid 5"), "sshd here cannot give anybody a terminal (chown(/dev/pts/"),
        (Obstacles("root", terminals="no /dev/pts"), "There are no terminals here: mount devpts at /dev/pts."),
        (Obstacles("user", terminals="no /dev/pts"), "There are no terminals here: mount devpts at /dev/pts."),
    ],
    ids=str,
)
def test_there_are_no_terminals(root: Path, bundle: Path, obstacles: Obstacles, says: str) -> None:
    done = Machine(root, bundle, obstacles).run(f"sh /script/small_gateway.sh {ALONE}")
    lines = done.stdout.splitlines()
    assert "status 3" in lines, done
    # The gateway tells people, and whoever reads the job's output.
    assert [line for line in lines if line.startswith(f"said terminal no {says}") and line.endswith(NO_TTY)], done
    assert f"inside as {obstacles.uid} in /tmp/gateway/work with STEP=check, not a tty" in lines, done


@pytest.mark.parametrize(
    "obstacles, change, says",
    [
        (Obstacles("root", "no CAP_SYS_CHROOT"), None, 'chroot("/run/sshd"): Operation not permitted [preauth]'),
        (Obstacles("root", "no capability"), None, 'chroot("/run/sshd"): Operation not permitted [preauth]'),
        (Obstacles("root", files="read-only root"), None, "Missing privilege separation directory: /run/sshd"),
        (Obstacles("root"), ("sshd:x:", "other:x:"), "Privilege separation user sshd does not exist"),
        (Obstacles("unknown uid"), None, "No user exists for uid 4711"),
        (
            Obstacles("user"), ("/home/user:/bin/sh", "/home/user:/sbin/nologin"),
            "User user not allowed because shell /sbin/nologin does not exist",
        ),
        (Obstacles("user"), ("/home/user:/bin/sh", "/home/user:/bin/false"), "the shell of this account runs no command"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_nobody_can_enter(
    root: Path, bundle: Path, obstacles: Obstacles, change: tuple[str, str] | None, says: str, tmp_path: Path
) -> None:
    if change:
        let_others_in(tmp_path)
        root = shutil.copytree(root, tmp_path / "root", symlinks=True)
        (root / "etc/passwd").write_text((root / "etc/passwd").read_text().replace(*change))
    done = Machine(root, bundle, obstacles).run(f"sh /script/small_gateway.sh {ALONE}")
    lines = done.stdout.splitlines()
    assert "status 3" in lines, done
    assert [line for line in lines if line.startswith("message ")] == [
        f"message sallyport: The OpenSSH here says: {says}. The bundle has one that works. Nobody can enter this machine."
    ], done
    assert not [line for line in lines if line.startswith(("said", "inside", "left"))], done
