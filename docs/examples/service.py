#!/usr/bin/env python3
"""service.py SOCKET BUILDS.json: a build service with which people can `connect` to jobs that have failed.

Anyone who can open the socket is trusted. BUILDS.json is read for each request, so other programs can change it:
    {"lease": 60, "keys": {"SHA256:0zj82Pf3zkTWbhD+UJW7JVD7nWn90HYw2nk733zX5Ug": {"id": "1", "name": "alice"}},
     "jobs": {"7": {"owner": {"id": "1"}, "status": "failed", "builder": {"state": "kept", "address": "192.0.2.7",
                    "user": "build", "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIzgtSE0tFX..."]}}}}
"""
import json, os, pathlib, sys, time, uuid
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
from urllib.parse import unquote

claims = {}  # While a job has one of these, do not end its builder.
class Service(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a request, because there is only one at a time
    def do_GET(self):
        match self.begin():
            case ["keys", key] if key in self.keys:
                self.answer(200, {"fingerprint": key, "owner": self.keys[key], "suspended": False})
            case ["jobs", job] if job in self.jobs:
                inside = [claim["session"] for claim in claims.values() if claim["job"] == job]
                self.answer(200, {"id": job, "logout": "stay", "sessions": inside} | self.jobs[job])
            case _: self.answer(404)

    def do_POST(self):
        match self.begin():
            case ["jobs", job, "claims"] if job in self.jobs: self.claim(job, json.loads(self.body))
            case ["claims", name, "heartbeat"] if name in claims: self.claim(**claims[name])
            case parts: self.answer(410 if parts[:1] == ["claims"] else 404)

    def claim(self, job, wanted, session=None, end=None):  # the second time it is a heartbeat
        person, builder = self.keys.get(wanted["key_fingerprint"]), self.jobs[job].get("builder")
        if not person or not person["id"] == wanted["person"]["id"] == self.jobs[job]["owner"]["id"]:
            return self.answer(403)  # The gateway has asked the same: this is the second lock.
        if not builder: return self.answer(410)
        same = [job, person] + [wanted[part] for part in ("session", "kind", "key_fingerprint")]
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(same)))  # asked again, the same claim
        session = session or {"session": wanted["session"], "person": person, "kind": wanted["kind"],
                              "from": wanted["from"], "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        claims[name] = dict(job=job, wanted=wanted, session=session, end=time.monotonic() + self.lease)
        self.answer(200 if end else 201, {"id": name, "job": job, "builder": builder, "lease": self.lease})

    def begin(self):
        builds = json.loads(pathlib.Path(sys.argv[2]).read_text())
        self.lease, self.keys, self.jobs = builds["lease"], builds["keys"], builds["jobs"]
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for name in [name for name in claims if claims[name]["end"] < time.monotonic()]: del claims[name]
        return [unquote(part) for part in self.path.split("?")[0].split("/")[2:]]

    def answer(self, status, value=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if value else "application/problem+json")
        self.end_headers()
        self.wfile.write(json.dumps(value or {"type": "about:blank", "title": "No", "status": status}).encode())
    def address_string(self): return "gateway"  # for its log

pathlib.Path(sys.argv[1]).unlink(missing_ok=True)
os.umask(0o117)  # The socket is for this user and this group.
UnixStreamServer(sys.argv[1], Service).serve_forever()
