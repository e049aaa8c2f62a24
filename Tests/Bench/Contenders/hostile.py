"""A builder's SSH server that lets everybody in and ignores how much they can take. Arguments: the file with its host key, its
port, and the file for its process id."""
import os
import socket
import sys
import threading
import time

import paramiko

PIECE = b"x" * 32000


class Server(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=flood, args=(channel,), daemon=True).start()
        return True


def flood(channel):
    """Sends for ever: slowly enough for whoever watches the other side, and on both streams."""
    channel.out_window_size = 1 << 40
    try:
        while True:
            time.sleep(0.02)
            channel.send(PIECE)
            channel.send_stderr(PIECE)
    except (EOFError, OSError):
        pass


def main():
    host_key = paramiko.Ed25519Key(filename=sys.argv[1])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
    with open(sys.argv[3], "w") as file:
        file.write(f"{os.getpid()}\n")
    while True:
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(host_key)
        transport.start_server(threading.Event(), Server())


main()
