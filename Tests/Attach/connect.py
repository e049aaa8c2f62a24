"""connect.py SOCKET CONTROL: a ProxyCommand. It asks the stand-in for a stream to a machine, and carries the bytes."""

import array
import json
import os
import select
import socket
import stat
import sys


def close_for_writing(descriptor: int) -> None:
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        socket.socket(fileno=os.dup(descriptor)).shutdown(socket.SHUT_WR)
    os.close(descriptor)


def write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


gateway = socket.socket(socket.AF_UNIX)
gateway.connect(sys.argv[1])
gateway.sendall(json.dumps({"stream": int(sys.argv[2])}).encode() + b"\n")
data, ancillary, _, _ = gateway.recvmsg(1, socket.CMSG_SPACE(2 * array.array("i").itemsize))
if not ancillary:
    sys.exit("The machine has opened no stream.")
descriptors = array.array("i")
descriptors.frombytes(ancillary[0][2])
from_machine, to_machine = descriptors
open_ends = {0: to_machine, from_machine: 1}
client = select.poll()
client.register(1, 0)
try:
    while from_machine in open_ends:
        ready = select.select(list(open_ends), [], [], 0.2)[0]
        # Nobody reads what we write any more: the client was killed.
        if not ready and client.poll(0):
            break
        for source in ready:
            data = os.read(source, 1 << 16)
            if data:
                write(open_ends[source], data)
            elif source == 0:
                close_for_writing(open_ends.pop(source))
            else:
                del open_ends[source]
except (BrokenPipeError, ConnectionResetError):
    pass
