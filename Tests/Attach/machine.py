"""Machines with obstacles: a root folder with busybox and a bundle, in mount and pid namespaces of its own.

Needs root. What is mounted, and what is left running, disappears with the namespaces.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BUSYBOX = "/usr/bin/busybox"

USERS = {"root": 0, "user": 1000, "unknown uid": 4711}
CAPABILITIES = ["all capabilities", "no capability", "no CAP_SYS_CHROOT", "no CAP_AUDIT_WRITE"]
FILES = ["ordinary files", "read-only root", "noexec /tmp", "only /dev/shm executable", "no HOME"]
TERMINALS = ["good /dev/pts", "/dev/pts without gid 5", "no /dev/pts"]


@dataclass(frozen=True)
class Obstacles:
    user: str = "root"
    capabilities: str = "all capabilities"
    files: str = "ordinary files"
    terminals: str = "good /dev/pts"

    def __str__(self) -> str:
        return ", ".join((self.user, self.capabilities, self.files, self.terminals))

    @property
    def uid(self) -> int:
        return USERS[self.user]


def make_root(folder: Path) -> Path:
    """Makes the files of a machine that has nothing but busybox: no C library, no OpenSSH."""
    for name in ("bin", "dev", "proc", "etc", "home/user", "root", "tmp", "var/tmp", "run", "script"):
        (folder / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, folder / "bin/busybox")
    for applet in subprocess.check_output([BUSYBOX, "--list"], text=True).split():
        if applet != "busybox":
            (folder / "bin" / applet).symlink_to("busybox")
    # The shell of an account that a CI made: it lets nobody in.
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/sbin/nologin\n")
    (folder / "etc/group").write_text("root:x:0:\ntty:x:5:\nuser:x:1000:\n")
    os.chown(folder / "home/user", 1000, 1000)
    for file in (REPOSITORY / "Sources/Attach/sallyport-attach", Path(__file__).with_name("small_gateway.sh")):
        shutil.copy(file, folder / "script")
    for name in ("tmp", "var/tmp"):
        (folder / name).chmod(0o1777)
    return folder


def install_openssh(root: Path, bundle: Path) -> None:
    """Gives a machine an OpenSSH of its own, with what is in a bundle, where Debian has it."""
    loader = (bundle / "lib/ld.so").resolve()
    interpreter = {"ld-linux-x86-64.so.2": "lib64", "ld-linux-aarch64.so.1": "lib"}[loader.name]
    for name in ("usr/bin", "usr/sbin", "usr/lib/openssh", "usr/lib", interpreter):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(loader, root / interpreter / loader.name)
    for library in (bundle / "lib").glob("lib*.so*"):
        shutil.copy(library, root / "usr/lib")
    for program in (bundle / "libexec").iterdir():
        folder = {"sshd": "usr/sbin", "ssh": "usr/bin", "scp": "usr/bin", "ssh-keygen": "usr/bin"}.get(program.name, "usr/lib/openssh")
        shutil.copy(program, root / folder)
    (root / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\nsshd:x:100:65534::/run/sshd:/sbin/nologin\n")


class Machine:
    """A machine with given obstacles. Its bundle lies at /tmp/sallyport-attach, the script alone at /script."""

    def __init__(self, root: Path, bundle: Path, obstacles: Obstacles, shell: str = "/bin/sh"):
        self.root, self.bundle, self.obstacles, self.shell = root, bundle, obstacles, shell

    def mounts(self) -> str:
        """The commands of root that make the obstacles, in a mount namespace of their own."""
        root, files = self.root, self.obstacles.files
        lines = [
            "set -e",
            f"mount --bind {root} {root}",
            f"cd {root}",
            "mount -t tmpfs -o mode=1777 tmpfs tmp",
            "mkdir tmp/sallyport-attach",
            f"mount --bind {self.bundle} tmp/sallyport-attach",
            "mount -t tmpfs -o mode=755 tmpfs dev",
            "mkdir dev/pts dev/shm",
            "mount -t tmpfs -o mode=1777 tmpfs dev/shm",
            "for name in null zero random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done",
            "mount -t proc proc proc",
        ]
        options = {"good /dev/pts": "gid=5,mode=620", "/dev/pts without gid 5": "mode=600"}.get(self.obstacles.terminals)
        if options:
            lines += [f"mount -t devpts -o newinstance,ptmxmode=666,{options} devpts dev/pts", "ln -s pts/ptmx dev/ptmx"]
        if files in ("noexec /tmp", "only /dev/shm executable", "nothing executable"):
            lines += [f"mount -o remount,bind,noexec {folder}" for folder in ("tmp", "tmp/sallyport-attach")]
        if files in ("read-only root", "only /dev/shm executable", "nothing executable"):
            lines += [f"mount -o remount,bind,ro {root}", "mount -o remount,bind,ro tmp/sallyport-attach"]
        if files == "nothing executable":
            lines += ["mount -o remount,bind,noexec dev/shm"]
        return "\n".join(lines)

    def capsh(self) -> list[str]:
        """What gives up capabilities and becomes the user."""
        words = [shutil.which("capsh", path="/usr/sbin:/sbin:/usr/bin"), f"--chroot={self.root}"]
        words += {
            "all capabilities": [],
            "no capability": ["--no-new-privs", "--drop=all"],
            "no CAP_SYS_CHROOT": ["--drop=cap_sys_chroot"],
            "no CAP_AUDIT_WRITE": ["--drop=cap_audit_write"],
        }[self.obstacles.capabilities]
        if self.obstacles.uid:
            words += [f"--gid={self.obstacles.uid}", "--groups=4712", f"--uid={self.obstacles.uid}"]
        return words

    def run(self, script: str, *, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Runs a script there as the user."""
        home = {"root": "/root", "user": "/home/user"}.get(self.obstacles.user)
        environment = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin" if self.shell == "/bin/sh" else os.path.dirname(self.shell)}
        if home and self.obstacles.files != "no HOME":
            environment["HOME"] = home
        inside = [*self.capsh(), f"--shell={self.shell}", "--", "-c", script]
        # Programs of this host are found until the root changes.
        outside = f"PATH={os.defpath}:/usr/sbin:/sbin\n{self.mounts()}\nexec env PATH={environment['PATH']} \"$0\" \"$@\""
        return subprocess.run(
            ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
             "/bin/sh", "-c", outside, *inside],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, cwd="/",
        )  # fmt: skip


def build_bundle(output: Path, suite: str = "bookworm", architecture: str | None = None) -> Path:
    """Builds a bundle with the script that ships; its packages are kept in .build/packages."""
    architecture = architecture or host_architecture()
    subprocess.run(
        [REPOSITORY / "Sources/Attach/build-bundle", "--suite", suite, architecture, output, REPOSITORY / ".build/packages"],
        check=True, stdout=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    return output / f"sallyport-attach-{architecture}.tar.gz"


def shared_bundle(factory: pytest.TempPathFactory, suite: str = "bookworm", architecture: str | None = None) -> Path:
    """The archive of this run of the tests, which is built once; the folder beside it is what is in it."""
    architecture = architecture or host_architecture()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = factory.getbasetemp().parent / f"bundle-{run}-{suite}-{architecture}"
    archive = folder / f"sallyport-attach-{architecture}.tar.gz"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            build_bundle(folder, suite, architecture)
            subprocess.run(["tar", "-x", "-z", "-f", archive, "--one-top-level=unpacked"], cwd=folder, check=True)
            (folder / "complete").touch()
    return archive


def host_architecture() -> str:
    return subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()


def let_others_in(folder: Path) -> None:
    """Lets every user reach a folder of pytest's, which are root's alone."""
    for parent in (folder, *folder.parents):
        if parent.name.startswith("pytest-of-") or "pytest-of-" in str(parent):
            parent.chmod(0o755)
