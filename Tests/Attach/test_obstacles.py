"""Whatever a machine is missing, its people get in, or the person who wrote the job reads beforehand what is missing.

With OpenSSH 9.2 and with 10, in machines that have nothing but busybox. Every pair of obstacles is tested; with
EVERY_COMBINATION=yes in the environment it is every combination of them, which takes five minutes.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import astuple
from pathlib import Path

import pytest

from machine import CAPABILITIES, FILES, TERMINALS, USERS, Machine, Obstacles, let_others_in, make_root, shared_bundle

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces, which needs root")



def combinations() -> list[Obstacles]:
    """Every user with every set of capabilities and every /dev/pts, each on the next kind of file systems."""
    if os.environ.get("EVERY_COMBINATION"):
        return [Obstacles(*values) for values in itertools.product(USERS, CAPABILITIES, FILES, TERMINALS)]
    return [
        Obstacles(user, capabilities, FILES[(i + j + k) % len(FILES)], terminals)
        for (i, user), (j, capabilities), (k, terminals) in itertools.product(
            enumerate(USERS), enumerate(CAPABILITIES), enumerate(TERMINALS)
        )
    ]


# Logs in through the bundle's sshd as sallyport-attach does before it dials; prints what each login saw.
LOG_IN = r"""
umask 077
bundle=/tmp/sallyport-attach state=/tmp/state
mkdir $state || exit 90
sh $bundle/run prepare $state || exit 91
run() { sh $state/run "$@"; }
run ssh-keygen -q -t ed25519 -N '' -f $state/key || exit 92
printf '%s\n' "HostKey $state/key" "AuthorizedKeysFile $state/key.pub" 'UsePAM no' 'StrictModes no' 'PidFile none' \
    "Subsystem sftp sh $state/run sftp-server" >$state/conf
cat $state/sshd_config.bundle >>$state/conf
log_in() {
    run ssh -F none -i $state/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o "ProxyCommand=sh $state/run sshd -i -e -f $state/conf 2>$state/log" "$@" </dev/null
}
who='echo "user $(id -u) $(id -g) $(id -G)"; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status | tr "\n\t" "  "; echo'
sh -c "$who" | sed 's/^/step /'
log_in $(cat $state/user)@x "$who; env | grep -c -E '^(LD_|NSS_|UID_|SALLYPORT)'; cd; exit 7" | sed 's/^/session /'
log_in -tt $(cat $state/user)@x 'test -t 0 && echo terminal $(tty)'
grep -o 'openpty: .*' $state/log | tr -d '\r'
log_in -s $(cat $state/user)@x sftp | head -c 0
sh $state/run clean
ls /dev/shm /var/tmp /home/user /root /run | grep sallyport
exit 0
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machine")
    let_others_in(folder)
    return make_root(folder)


@pytest.fixture(scope="session", params=["bookworm", "trixie"], ids=["OpenSSH 9.2", "OpenSSH 10"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_bundle(tmp_path_factory, request.param).with_name("unpacked") / "sallyport-attach"


@pytest.mark.parametrize("obstacles", combinations(), ids=str)
def test_people_get_in(root: Path, bundle: Path, obstacles: Obstacles) -> None:
    done = Machine(root, bundle, obstacles).run(LOG_IN)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done
    step = [line.removeprefix("step ") for line in lines if line.startswith("step ")]
    session = [line.removeprefix("session ") for line in lines if line.startswith("session ")]
    assert step[0].startswith(f"user {obstacles.uid} "), done
    # Whoever enters is who the step is: the same user, groups and capabilities, and nothing of the bundle in between.
    assert session == [*step, "0"], done
    if obstacles.terminals == "no /dev/pts":
        assert "openpty: No such file or directory" in done.stdout or "openpty: No such device" in done.stdout, done
    else:
        assert [line for line in lines if line.startswith("terminal /dev/pts/")], done
    # A copy for a machine that starts nothing from /tmp is gone.
    assert not [line for line in lines if line.startswith("sallyport")], done


def test_nothing_can_be_started_is_said_at_once(root: Path, bundle: Path) -> None:
    for user in USERS:
        done = Machine(root, bundle, Obstacles(user=user, files="nothing executable")).run(LOG_IN)
        assert done.returncode == 91
        assert done.stdout == (
            "no folder here is writable and lets programs be started (mounted noexec, or full): set TMPDIR to one\n"
        )


def test_every_pair_of_obstacles_is_tested() -> None:
    tested = {pair for obstacles in combinations() for pair in itertools.combinations(astuple(obstacles), 2)}
    assert tested == {
        pair
        for kinds in itertools.combinations((USERS, CAPABILITIES, FILES, TERMINALS), 2)
        for pair in itertools.product(*kinds)
    }


@pytest.mark.parametrize("obstacles", combinations()[::2], ids=str)
def test_the_script_lets_people_in(root: Path, bundle: Path, obstacles: Obstacles) -> None:
    has_terminal = obstacles.terminals != "no /dev/pts"
    done = Machine(root, bundle, obstacles).run(
        f"sh /script/small_gateway.sh /tmp/sallyport-attach/sallyport-attach {'terminal' if has_terminal else ''}")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and "status 3" in lines, done
    assert f"said terminal {'yes' if has_terminal else 'no'}" in [" ".join(line.split()[:3]) for line in lines], done
    assert f"inside as {obstacles.uid} in /tmp/gateway/work with STEP=check, {'/dev/pts/' if has_terminal else 'not a tty'}" in (
        line.rstrip("0123456789") for line in lines), done
    assert not [line for line in lines if line.startswith("left")], done


def test_sh_can_be_anywhere(bundle: Path, tmp_path: Path) -> None:
    if (bundle / "libexec/sshd-session").exists():
        pytest.skip("this sshd starts its own parts, which are scripts for /bin/sh")
    let_others_in(tmp_path)
    root = make_root(tmp_path / "root")
    (root / "bin").rename(root / "busybox")
    machine = Machine(root, bundle, Obstacles("user"), shell="/busybox/sh")
    done = machine.run("sh /script/small_gateway.sh /tmp/sallyport-attach/sallyport-attach terminal")
    lines = [line.rstrip("0123456789") for line in done.stdout.splitlines()]
    assert "inside as 1000 in /tmp/gateway/work with STEP=check, /dev/pts/" in lines, done
