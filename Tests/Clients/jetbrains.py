"""jetbrains.py HOST KNOWN_HOSTS: connects to a builder like JetBrains' editors, with an SSH library that is not OpenSSH.

They read the configuration through `ssh -G`, know no certificates and no KnownHostsCommand, run many short commands on
one connection, upload with sftp, and keep one long connection to a server that they have started.
"""

import os
import subprocess
import sys

import paramiko

host, known_hosts = sys.argv[1:]
files = os.path.expanduser("~/.ssh/")

settings = {}
for line in subprocess.run(["ssh", "-G", host], check=True, capture_output=True, text=True).stdout.splitlines():
    name, _, value = line.partition(" ")
    settings.setdefault(name, value)
way = settings["proxycommand"].replace("%h", settings["hostname"]).replace("%p", settings["port"])

client = paramiko.SSHClient()
client.load_host_keys(files + known_hosts)
client.set_missing_host_key_policy(paramiko.RejectPolicy())
try:
    client.connect(
        settings["hostname"], int(settings["port"]), settings["user"], key_filename=files + "id_ed25519",
        sock=paramiko.ProxyCommand(way), allow_agent=False, look_for_keys=False, timeout=15)
except paramiko.SSHException as error:
    sys.exit(f"{type(error).__name__}: {error}")


def run(command):
    """What a command has written, and its exit status."""
    _, output, _ = client.exec_command(command, timeout=30)
    text = output.read().decode()
    return text, output.channel.recv_exit_status()


for number in range(50):
    answer = run(f"echo {number}; exit {number}")
    assert answer == (f"{number}\n", number), answer
print("50 commands, each with its exit status")

upload = os.urandom(1_000_000)
with client.open_sftp() as sftp:
    with sftp.open("backend", "wb") as file:
        file.set_pipelined(True)
        file.write(upload)
    with sftp.open("backend", "rb") as file:
        assert file.read() == upload
print("uploaded and read again")

# A server that echoes its input.
port = 8125
client.exec_command(f"busybox nc -l -p {port} -e cat")
run(f"until busybox netstat -tln | grep -q :{port}; do sleep 0.1; done")
channel = client.get_transport().open_channel("direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 1), timeout=15)
for number in range(10):
    channel.sendall(f"line {number}\n".encode() * 1000)
    assert run("true") == ("", 0)
channel.shutdown_write()
received = channel.makefile("rb").read()
assert received == b"".join(f"line {number}\n".encode() * 1000 for number in range(10)), len(received)
print("a long connection, during others")
client.close()
