"""link.py HERE THERE DELAY COMMAND...: runs a command in a network namespace of its own, which has the address THERE.

From here, where the address is HERE, each packet takes DELAY milliseconds there and back: half of it each way. The kernels of
many test machines have no netem(8), so this program carries the packets between two TUN devices. It exits as COMMAND does, and
stays in the background until everything that COMMAND has started has ended. It needs root.
"""
import collections
import ctypes
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000  # sched.h
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def tun(address, other):
    """The descriptor of a new device with that address in the namespace of this process."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"sallyport%d", IFF_TUN | IFF_NO_PI))
    name = request[:16].rstrip(b"\0").decode()
    subprocess.run(["ip", "address", "add", address, "peer", other, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return device


def has_children():
    """Reaps those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
        return True
    except ChildProcessError:
        return False


def carry(ends, delay, ended):
    """Carries packets between the two devices until nobody is left to send one."""
    waiting = collections.deque()  # (when, to which device, packet), in the order in which they leave
    while has_children():
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([*ends, ended], [], [], left)
        now = time.monotonic()
        for index, end in enumerate(ends):
            while end in readable:
                try:
                    waiting.append((now + delay, ends[1 - index], os.read(end, 65536)))
                except BlockingIOError:
                    break
        if ended in readable:
            os.read(ended, 512)
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, packet = waiting.popleft()
            try:
                os.write(end, packet)
            except OSError:
                pass  # A packet can be lost.


def main():
    here, there, delay, *command = sys.argv[1:]
    status, report = os.pipe()
    if os.fork() != 0:
        os.close(report)
        sys.exit(int(os.read(status, 16) or b"1"))
    os.setsid()
    check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    ends = [tun(here, there)]
    check(libc.unshare(CLONE_NEWNET))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    ends.append(tun(there, here))
    ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    os.write(report, str(subprocess.run(command).returncode & 255).encode())
    os.close(report)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    carry(ends, float(delay) / 2000, ended)


main()
