"""What a script has left behind: processes and files.

This process adopts the orphans of its descendants (PR_SET_CHILD_SUBREAPER), so that nothing a script has started gets away:
not by a fork, nor by a session of its own, nor by a new environment.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _processes() -> dict[int, tuple[int, str]]:
    """The parent and the state of each process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            state, parent = text.rpartition(")")[2].split()[:2]
            found[int(entry)] = (int(parent), state)
    return found


def descendants(root: int, without: set[int] = frozenset()) -> list[int]:
    """The living descendants of a process, except those of some of them."""
    processes = _processes()
    children: dict[int, list[int]] = {}
    for identifier, (parent, _) in processes.items():
        children.setdefault(parent, []).append(identifier)
    found, waiting = [], [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child in without:
                continue
            waiting.append(child)
            if processes[child][1] != "Z":
                found.append(child)
    return found


def describe(identifier: int) -> str:
    try:
        words = Path(f"/proc/{identifier}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        parent = Path(f"/proc/{identifier}/stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return f"{identifier} (has ended)"
    return f"{identifier} (child of {parent}): {words.strip()}"


def files(folder: Path) -> dict[str, tuple]:
    """Every file below a folder, with what changes when somebody writes to it."""
    found = {}
    for root, folders, names in os.walk(folder):
        for name in folders + names:
            file = Path(root, name)
            try:
                status = file.lstat()
            except OSError:
                continue
            found[str(file.relative_to(folder))] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
    return found
