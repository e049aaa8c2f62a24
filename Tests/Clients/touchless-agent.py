"""touchless-agent.py SOCKET PUBLIC: an ssh-agent with one security key (FIDO, ed25519) that signs without a touch.

It makes the key, writes the public half to PUBLIC, and serves SOCKET until it is killed.
"""
import base64, hashlib, os, socket, struct, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TYPE, APPLICATION = b"sk-ssh-ed25519@openssh.com", b"ssh:"


def string(value):
    return struct.pack(">I", len(value)) + value


def take(data):
    length = struct.unpack(">I", data[:4])[0]
    return data[4 : 4 + length], data[4 + length :]


key = Ed25519PrivateKey.generate()
public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
blob = string(TYPE) + string(public) + string(APPLICATION)


def answer(request):
    if request[0] == 11:  # the identities
        return b"\x0c" + struct.pack(">I", 1) + string(blob) + string(b"touchless")
    if request[0] == 13:  # a signature
        _, rest = take(request[1:])
        message, _ = take(rest)
        # PROTOCOL.u2f: flags 0 mean that nobody has touched it.
        end = b"\0" + struct.pack(">I", 7)
        signed = hashlib.sha256(APPLICATION).digest() + end + hashlib.sha256(message).digest()
        return b"\x0e" + string(string(TYPE) + string(key.sign(signed)) + end)
    return b"\x05"


server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
with open(sys.argv[2], "w") as file:
    file.write(f"{TYPE.decode()} {base64.b64encode(blob).decode()} touchless\n")
print("ready", flush=True)
while True:
    client, _ = server.accept()
    while head := client.recv(4, socket.MSG_WAITALL):
        client.sendall(string(answer(client.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL))))
    client.close()
