#!/usr/bin/python3
"""Forced command: `connect JOB COMMAND…` runs ssh to the builder of one's own job. Arguments: the key that logged in."""
import base64
import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

HERE = os.path.dirname(os.path.realpath(__file__))
IDENTITY = "/etc/sallyport/builder_ed25519"


class Service(http.client.HTTPConnection):
    """The build service, on its Unix socket."""

    def __init__(self):
        super().__init__("localhost")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        with open(os.path.join(HERE, "service")) as file:
            self.sock.connect(file.read().strip())

    def ask(self, method, path, body=None):
        self.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = self.getresponse()
        content = answer.read()
        if answer.status >= 400:
            sys.exit(json.loads(content).get("title", "The build service refuses."))
        return json.loads(content) if content else None


def ssh(builder, command):
    """Runs the command, or a shell, on the builder; returns its exit status."""
    with tempfile.NamedTemporaryFile("w") as known_hosts:
        for key in builder["host_keys"]:
            known_hosts.write(f"builder {key}\n")
        known_hosts.flush()
        options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "HostKeyAlias=builder",
            f"UserKnownHostsFile={known_hosts.name}", "Ciphers=aes128-gcm@openssh.com",
        ]
        return subprocess.call(
            ["ssh", "-F", "none", "-i", IDENTITY, "-p", str(builder["port"])]
            + [word for option in options for word in ("-o", option)]
            + (["-tt"] if sys.stdin.isatty() else [])
            + [f"{builder['user']}@{builder['address']}"] + command)


def main():
    key_type, key = sys.argv[1:]
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode().rstrip("=")
    fingerprint = f"SHA256:{digest}"
    verb, number, *command = os.environ.get("SSH_ORIGINAL_COMMAND", "").split(" ", 2)
    if verb != "connect":
        sys.exit("connect JOB COMMAND…")

    service = Service()
    person = service.ask("GET", f"/v1/keys/{urllib.parse.quote(fingerprint, safe='')}")["owner"]
    job = service.ask("GET", f"/v1/jobs/{urllib.parse.quote(number, safe='')}")
    if job["owner"]["id"] != person["id"]:
        sys.exit(f"Job {number} is not yours.")
    claim = service.ask("POST", f"/v1/jobs/{job['id']}/claims", {
        "session": uuid.uuid4().hex, "kind": "exec" if command else "shell", "person": {"id": person["id"]},
        "key_fingerprint": fingerprint, "key": f"{key_type} {key}",
        "from": os.environ["SSH_CONNECTION"].split()[0],
    })
    try:
        status = ssh(claim["builder"], command)
    finally:
        service.ask("DELETE", f"/v1/claims/{claim['id']}?reason={'done' if command else 'logout'}")
    sys.exit(status)


main()
