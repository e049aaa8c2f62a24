"""The bundle: what is in it, that it is the same whenever it is made, and that its programs work away from Debian."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import re
import select
import socket
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from machine import REPOSITORY, Machine, Obstacles, build_bundle, host_architecture, make_root, shared_bundle

PROGRAMS = ["nc", "scp", "sftp-server", "ssh", "ssh-keygen", "sshd"]
MACHINES = {"amd64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}


@pytest.fixture(scope="module", params=MACHINES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of each architecture; one of them at least is foreign to this host."""
    return shared_bundle(tmp_path_factory, architecture=request.param)


@pytest.fixture(scope="module")
def unpacked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    # What small machines unpack it with.
    subprocess.run(["busybox", "tar", "-x", "-z", "-f", made], cwd=folder, check=True)
    return folder / "sallyport-attach"


def elf_files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and file.read_bytes()[:4] == b"\x7fELF"]


def test_the_same_packages_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    architecture = made.name.split("-")[-1].split(".")[0]
    umask = os.umask(0o077)
    try:
        again = build_bundle(tmp_path, architecture=architecture)
    finally:
        os.umask(umask)
    assert again.read_bytes() == made.read_bytes()


def test_it_is_small(made: Path) -> None:
    assert made.stat().st_size < 8_000_000


def test_no_owner_or_mode_or_time_comes_from_whoever_made_it(made: Path) -> None:
    with tarfile.open(made) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.mode for member in members if not member.issym()} == {0o644, 0o755}
    assert len({member.mtime for member in members}) == 1
    assert [member.name for member in members] == sorted((member.name for member in members), key=lambda name: name.split("/"))
    assert not [member.name for member in members if not (member.isfile() or member.isdir() or member.issym())]


def test_its_programs_find_every_library_in_it(made: Path, unpacked: Path) -> None:
    architecture = made.name.split("-")[-1].split(".")[0]
    assert [file.name for file in sorted((unpacked / "libexec").iterdir())] == PROGRAMS
    for file in elf_files(unpacked):
        header = subprocess.check_output(["readelf", "-h", "-d", file], text=True)
        assert MACHINES[architecture] in header
        missing = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", header) if not (unpacked / "lib" / name).is_file()]
        assert not missing, f"{file.name} needs {missing}"
    assert (unpacked / "lib/ld.so").resolve().name.startswith("ld-linux")


def test_checksums_cover_everything_else(unpacked: Path) -> None:
    lines = (unpacked / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    files = [file for file in unpacked.rglob("*") if file.is_file() and not file.is_symlink() and file.name != "SHA256SUMS"]
    assert sums == {str(file.relative_to(unpacked)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert (unpacked / "sallyport-attach").read_bytes() == (REPOSITORY / "Sources/Attach/sallyport-attach").read_bytes()


def test_programs_and_libraries_are_debians_unchanged(made: Path, unpacked: Path, tmp_path: Path) -> None:
    architecture = made.name.split("-")[-1].split(".")[0]
    cache = REPOSITORY / f".build/packages/attach-bookworm-{architecture}"
    packages = dict(line.split()[1:] for line in (unpacked / "VERSIONS").read_text().splitlines() if line.startswith("package "))
    for package, version in packages.items():
        [archive] = cache.glob(f"{package}_{version.replace(':', '%3a')}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, tmp_path], check=True)
    debians = {hashlib.sha256(file.read_bytes()).digest() for file in elf_files(tmp_path)}
    changed = [file.name for file in elf_files(unpacked) if hashlib.sha256(file.read_bytes()).digest() not in debians]
    assert not changed


def test_it_says_what_it_is_made_of(made: Path, unpacked: Path) -> None:
    versions = (unpacked / "VERSIONS").read_text().splitlines()
    facts = dict(line.split(" ", 1) for line in versions[:4])
    packages = dict(line.split()[1:] for line in versions[4:])
    assert facts["openssh"] == packages["openssh-server"] and facts["suite"] == "bookworm"
    for package in packages:
        text = (unpacked / "copyright" / package).read_text()
        assert "opyright" in text
        for licence in re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", text):
            assert (unpacked / "copyright" / f"LICENSE-{licence}").is_file() or licence in ("BSD",), f"{package}: {licence}"
    sources = [line.split() for line in (unpacked / "SOURCES").read_text().splitlines()[1:]]
    assert [package for package, _ in sources] == list(packages)
    assert all(re.fullmatch(r"https://snapshot\.debian\.org/package/[\w.+-]+/[\w.:+~-]+/", address) for _, address in sources)
    beside = json.loads(made.with_name(made.name + ".json").read_text())
    assert beside == {
        **facts, "checked": beside["checked"], "bytes": made.stat().st_size, "sha256": hashlib.sha256(made.read_bytes()).hexdigest(),
    }
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", beside["checked"]) and re.fullmatch(r"20\d\d-\d\d-\d\d", beside["date"])
    subprocess.run(["sha256sum", "--check", "--quiet", made.name + ".sha256"], cwd=made.parent, check=True)


def test_this_host_is_told_of_no_other_architecture(made: Path) -> None:
    assert subprocess.check_output(["dpkg", "--print-foreign-architectures"], text=True) == ""


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "usage: build-bundle [--suite SUITE] ARCHITECTURE OUTPUT_FOLDER CACHE_FOLDER"),
        (["--suite"], "usage: build-bundle"),
        (["s390x", "out", "cache"], "the architectures are amd64 and arm64, not s390x."),
        (["--suite", "sid", "amd64", "out", "cache"], "the packages of sid are not known here, only those of bookworm and trixie."),
    ],
)
def test_what_cannot_be_made_is_said(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = subprocess.run([REPOSITORY / "Sources/Attach/build-bundle", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"build-bundle: {says}")
    assert not list(tmp_path.glob("out/*"))


def test_it_is_installed_where_web_servers_and_the_gateway_find_it(made: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["make", "--no-print-directory", "-C", REPOSITORY, "install-bundle", f"BUNDLES={made.parent}", f"DESTDIR={tmp_path}",
         "PREFIX=/usr"], check=True)
    folder = tmp_path / "usr/share/sallyport/attach"
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        ["sallyport-attach", "sallyport-attach.sha256", made.name, made.name + ".json", made.name + ".sha256"])
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}
    assert (folder / made.name).read_bytes() == made.read_bytes()


def test_without_a_bundle_there_is_nothing_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", REPOSITORY, "install-bundle", f"BUNDLES={tmp_path}/none", f"DESTDIR={tmp_path}"],
        capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == "There is no bundle. make attach-bundle makes one.\n"


class Proxy(http.server.BaseHTTPRequestHandler):
    """An HTTP proxy that knows CONNECT, and a network in which every name is this host."""

    def do_CONNECT(self) -> None:
        host, port = self.path.rsplit(":", 1)
        assert host == "gateway.example"
        with socket.create_connection(("127.0.0.1", int(port))) as other:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: other, other: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    ends[end].sendall(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces, which needs root")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    root = make_root(tmp_path_factory.mktemp("machine"))
    (root / "etc/hosts").write_text("127.0.0.1 gateway.example\n")
    return Machine(root, shared_bundle(tmp_path_factory).with_name("unpacked") / "sallyport-attach", Obstacles())


@needs_root
def test_ssh_finds_a_gateway_by_name_and_through_a_proxy(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gateway, \
            http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        greetings = []

        def answer() -> None:
            for _ in range(2):
                connection, _ = gateway.accept()
                with connection:
                    greetings.append(connection.recv(100))

        threading.Thread(target=answer, daemon=True).start()
        port = gateway.getsockname()[1]
        done = machine.run(f"""
            mkdir /tmp/state && sh /tmp/sallyport-attach/run prepare /tmp/state || exit 1
            ssh="sh /tmp/state/run ssh -F none -o BatchMode=yes -p {port}"
            $ssh gateway.example
            $ssh -o ProxyUseFdpass=yes -o 'ProxyCommand=sh /tmp/state/run nc -F -X connect -x 127.0.0.1:{proxy.server_port} %h %p' gateway.example
            """)
        proxy.shutdown()
    assert [greeting[:12] for greeting in greetings] == [b"SSH-2.0-Open"] * 2, done


@needs_root
def test_a_bundle_of_another_architecture_says_which_one_is_right(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = host_architecture()
    other = next(name for name in MACHINES if name != here)
    bundle = shared_bundle(tmp_path_factory, architecture=other).with_name("unpacked") / "sallyport-attach"
    done = Machine(machine.root, bundle, Obstacles()).run(
        "mkdir /tmp/state; sh /tmp/sallyport-attach/run prepare /tmp/state")
    assert done.returncode == 1
    assert done.stdout == f"this bundle is for {other} and this machine is {here}: fetch sallyport-attach-{here}.tar.gz\n"


@needs_root
@pytest.mark.parametrize("command", ["ssh -V", "ssh-keygen -y -f /dev/null", "nc -h", "scp -h"])
def test_its_commands_work_from_the_path(machine: Machine, command: str) -> None:
    done = machine.run(f"PATH=$PATH:/tmp/sallyport-attach/bin; {command}")
    assert "not found" not in done.stderr and "error while loading" not in done.stderr, done
    assert done.stderr, done


@needs_root
def test_the_page_says_how_to_fetch_and_check_it(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> None:
    archive = shared_bundle(tmp_path_factory, architecture="amd64")
    page = (REPOSITORY / "docs/attach/bundle.md").read_text()
    lines = [
        re.search(pattern, page, re.MULTILINE)[0]
        for pattern in (r"^busybox wget .*", r"^echo .* sha256sum .*", r"^tar xzf .*", r"^\(cd sallyport-attach && .*", r"^case \$\(uname.*")
    ]
    handler = functools.partial(QuietFiles, directory=archive.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        sum_of_it = archive.with_name(archive.name + ".sha256").read_text().split()[0]
        done = machine.run(
            f"set -e; cd /tmp; mkdir a; cd a; SALLYPORT_BUNDLE_SHA256={sum_of_it}\n"
            + "\n".join(lines).replace("https://ci.example.org/attach/", address)
            + "\necho $architecture; ls sallyport-attach/run")
        server.shutdown()
    said = done.stdout.splitlines()
    assert said[0] == "sallyport-attach.tar.gz: OK" and said[-2:] == [host_architecture(), "sallyport-attach/run"], done
    assert {line.split(": ")[-1] for line in said[:-2]} == {"OK"}


def test_the_page_says_how_large_it_is(made: Path) -> None:
    page = (REPOSITORY / "docs/attach/bundle.md").read_text()
    said = float(re.search(rf"`{made.name}` \| ([\d.]+) MB", page)[1])
    assert abs(said - made.stat().st_size / 1e6) < 0.2


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
