"""relay.py SOCKET: the gateway's forced command. It hands its streams to the stand-in, and exits as that says.

Once the descriptors are there, this process keeps none of them: a half-closed stream would otherwise stay open. It stays
until the end, because sshd stops feeding a command's input as soon as the command has exited.
"""

import array
import json
import os
import socket
import sys

gateway = socket.socket(socket.AF_UNIX)
gateway.connect(sys.argv[1])
environment = {name: value for name, value in os.environ.items() if name.startswith(("SSH_", "LC_", "SALLYPORT"))}
request = {"command": os.environ.get("SSH_ORIGINAL_COMMAND", ""), "environment": environment}
gateway.sendmsg(
    [json.dumps(request).encode() + b"\n"],
    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))],
)
nothing = os.open("/dev/null", os.O_RDWR)
for descriptor in (0, 1, 2):
    os.dup2(nothing, descriptor)
status = gateway.recv(1)
os._exit(status[0] if status else 255)
