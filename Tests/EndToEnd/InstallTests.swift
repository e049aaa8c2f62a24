import TestBed
import Testing

/// `make install`, as an administrator sees it.
@Suite struct InstallTests {
    /// Without any privilege: not even root's capabilities.
    @Test func aPackagesTreeNeedsNoRoot() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            let installed = try await machine.run(
                """
                before=$(cat /etc/passwd /etc/group | cksum)
                for time in first second; do
                    setpriv --bounding-set=-all --inh-caps=-all make --no-print-directory -C \(machine.source) \
                        install install-image PREFIX=/usr DESTDIR=/tmp/tree PROGRAMS=\(machine.programs)
                done
                [ "$before" = "$(cat /etc/passwd /etc/group | cksum)" ]
                cd /tmp/tree
                find . -type f -printf '%m %p\\n' | sort -k 2
                file=usr/libexec/sallyport/sallyport-dispatch
                readelf -S "$file" | grep -c '\\.symtab' || echo stripped
                grep -h /usr/ etc/ssh/sshd_config.d/50-sallyport.conf usr/lib/systemd/system/sallyport-runner.service
                """)
            await expect(
                installed, status: 0,
                output: [
                    """
                    644 ./etc/logrotate.d/sallyport
                    644 ./etc/sallyport/sallyport.toml
                    644 ./etc/ssh/sshd_config.d/50-sallyport.conf
                    755 ./usr/bin/sallyport
                    644 ./usr/lib/systemd/system/sallyport-runner.service
                    644 ./usr/lib/tmpfiles.d/sallyport.conf
                    755 ./usr/libexec/sallyport/sallyport-dispatch
                    755 ./usr/libexec/sallyport/sallyport-hosts
                    755 ./usr/libexec/sallyport/sallyport-lookup
                    755 ./usr/libexec/sallyport/sallyport-machine
                    755 ./usr/libexec/sallyport/sallyport-resalloc
                    755 ./usr/libexec/sallyport/sallyport-runner
                    755 ./usr/libexec/sallyport/sallyport-shell
                    755 ./usr/libexec/sallyport/sallyport-slurm
                    644 ./usr/libexec/sallyport/sallyport.commit
                    644 ./var/lib/sallyport/images/debian/architecture
                    644 ./var/lib/sallyport/images/debian/description
                    644 ./var/lib/sallyport/images/debian/initramfs.cpio.gz
                    644 ./var/lib/sallyport/images/debian/vmlinuz
                    0
                    stripped
                        AuthorizedKeysCommand /usr/libexec/sallyport/sallyport-dispatch %u %h %t %k
                    ExecStart=/usr/libexec/sallyport/sallyport-runner serve

                    """
                ], in: testBed)
        }
    }

    /// Everything that the programs need is installed: a person logs in, and enters the machine of a failed job.
    @Test func anInstalledMachineLetsPeopleIn() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(
                try await machine.make("install"), status: 0, output: ["Next steps"], in: testBed)
            await expect(try await machine.make("install-image"), status: 0, in: testBed)
            try await machine.start()
            let entered = try await machine.run(
                """
                sallyport keys add alice /tmp/alice.pub
                printf 'image: debian\\ntasks:\\n  - check: exit 3\\n' >/tmp/job.yaml
                job=$(sallyport submit --owner alice /tmp/job.yaml | grep -o '[0-9]*' | head -1)
                \(InstalledMachine.ssh) tail "$job" || echo "tail: $?"
                \(InstalledMachine.ssh) connect "$job" 'echo inside; exit 5' || echo "connect: $?"
                echo "QEMU: $(stat -c %U "/proc/$(head -n 1 "/var/lib/sallyport/machines/$job/pidfile")")"
                grep -E '^Cap(Inh|Prm|Eff|Amb)' "/proc/$(cat /run/runner.pid)/status" | uniq -f 1 | tr '\\t' ' '
                """, deadline: 120)
            await expect(
                entered, status: 0,
                output: [
                    "tail: 1\n", "inside\nconnect: 5\n",
                    "QEMU: sallyport-builder\nCapInh: 0000000000000000\n",
                ], in: testBed)
            #expect(!entered.text.contains("CapPrm"), "the runner keeps a capability: \(entered)")

            for way in Self.otherWays {
                let refused = try await machine.run(way.command)
                let text = refused.text + refused.errorText
                #expect(
                    refused.status != 0 && text.contains(way.says) && !text.contains("uid="),
                    "\(way.name): \(refused)")
            }

            try await uninstall(machine)
        }
    }

    /// The commands of docs/installation.md make a second gateway, with a runner of its own: neither knows the other's
    /// people.
    @Test func aSecondGatewayStandsBesideTheFirst() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            let second = try await machine.run(
                """
                sed -n '/^## A second gateway/,/^## Upgrade/s/^    //p' \(machine.source)/docs/installation.md >/tmp/second
                # The page assumes that sshd has host keys.
                sed -i '/^sshd -t$/d' /tmp/second
                bash -eux /tmp/second
                sed -i -e 's|^#account = .*|account = "second"|' -e 's|^#socket = .*|socket = "/run/second/api.sock"|' \
                    -e 's|^#state_dir = .*|state_dir = "/var/lib/second"|' /etc/sallyport/second.toml
                install -d --owner=sallyport --group=sallyport /run/second /var/lib/second
                """)
            await expect(second, status: 0, in: testBed)
            try await machine.start()
            let people = try await machine.run(
                """
                \(InstalledMachine.asRunner) \
                    /usr/local/libexec/sallyport/sallyport-runner serve --config /etc/sallyport/second.toml \
                    >/tmp/second.log 2>&1 </dev/null &
                trap 'kill $!; wait $!' EXIT
                until sallyport jobs --config /etc/sallyport/second.toml >/dev/null 2>&1; do
                    kill -0 $! || { cat /tmp/second.log; exit 1; }
                    sleep 0.1
                done
                sallyport keys add alice /tmp/alice.pub
                sallyport keys add zoe /tmp/alice.pub --config /etc/sallyport/second.toml
                \(InstalledMachine.ssh) whoami
                ssh -F /tmp/ssh_config -l second gateway whoami
                """)
            await expect(people, status: 0, in: testBed)
            expectInOrder(people.text, ["alice", "zoe"])
        }
    }

    /// Machines on which a package is installed have no Swift.
    @Test func theProgramsStartWhereThereIsNoToolchain() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            let started = try await machine.run(
                """
                toolchain=$(realpath "$(command -v swift)")
                mount -t tmpfs none "${toolchain%/usr/bin/*}/usr"
                ! command -v swift
                ldconfig -p | grep -i swift && exit 1
                sallyport --help | head -n 1
                cd /usr/local/libexec/sallyport
                ./sallyport-runner --help | head -n 1
                \(Self.offer("./sallyport-dispatch"))
                # As anybody but root, whom it refuses before it has done anything.
                setpriv --reuid=builds --regid=builds --clear-groups ./sallyport-shell || echo "shell: $?"
                """)
            await expect(
                started, status: 0,
                output: [
                    "OVERVIEW: Manage the build service of a gateway.\n",
                    "OVERVIEW: The build service that comes with Sallyport.\n", "restrict,pty,command=",
                    "shell: 64\n",
                ],
                errors: ["This account only enters build machines."], in: testBed)
        }
    }

    /// First while Sallyport is in use, then after the command that `make uninstall` prints.
    private func uninstall(_ machine: InstalledMachine) async throws {
        let inUse = try await machine.run(
            """
            # Someone is inside, and does nothing.
            job=$(sallyport jobs | grep -o '^ *[0-9]*' | tail -n 1)
            mkfifo /tmp/inside
            \(InstalledMachine.ssh) connect "$job" 'echo inside; sleep 1000' >/tmp/inside 2>/dev/null &
            head -n 1 /tmp/inside
            """)
        await expect(inUse, status: 0, output: ["inside\n"], in: machine.testBed)
        let refused = try await machine.make("uninstall")
        await expect(
            refused, status: 2,
            output: ["Sallyport is in use (runners: 1, builders: 1, sessions: 1). Stop it first:\n    kill "],
            in: machine.testBed)
        let command = try #require(refused.text.split(separator: "\n").first { $0.hasPrefix("    kill ") })
        let stopped = try await machine.run("ls /usr/local/bin\n\(command) || true")
        await expect(stopped, status: 0, output: ["sallyport\n"], in: machine.testBed)
        try await expectNobodyOnTheGateway(in: machine.testBed)

        let uninstalled = try await machine.make("uninstall")
        await expect(
            uninstalled, status: 0, output: ["Kept: /etc/sallyport\n", "Kept: /var/lib/sallyport\n"],
            in: machine.testBed)
        #expect(!uninstalled.text.contains("50-sallyport.conf"), "\(uninstalled)")
        let gone = try await machine.run(
            "find /usr/local -type f; ls /etc/ssh/sshd_config.d; /usr/sbin/sshd -t && echo fine")
        #expect(gone.text == "fine\n", "\(gone)")

        // Someone may need what they have written there.
        await expect(try await machine.make("install"), status: 0, in: machine.testBed)
        let changed = try await machine.run("echo '# Mine.' >>/etc/ssh/sshd_config.d/50-sallyport.conf")
        await expect(changed, status: 0, in: machine.testBed)
        await expect(
            try await machine.make("uninstall"), status: 0,
            output: ["50-sallyport.conf, which someone may have changed. Remove it:"], in: machine.testBed)
    }

    /// A key of Alice's, as sshd passes it to the dispatcher.
    private static func offer(_ dispatcher: String) -> String {
        """
        ssh-keygen -q -t ed25519 -N '' -f /tmp/offered
        \(dispatcher) builds / $(cut -d ' ' -f 1,2 /tmp/offered.pub)
        """
    }

    /// What else a person with a key can try, and the answer of sshd or the forced command.
    private static let otherWays: [(name: String, command: String, says: String)] = [
        ("a shell", "\(InstalledMachine.ssh) sh", "The gateway has no shell."),
        ("sftp", "ssh -F /tmp/ssh_config -s gateway sftp || (exit $?)", ""),
        (
            "a password", "ssh -F /tmp/ssh_config -o PubkeyAuthentication=no gateway id",
            "Permission denied (publickey)."
        ),
        ("a key in a file", "ssh -F /tmp/ssh_config -i /tmp/stray stray id", "is unknown here"),
        (
            "a certificate of sshd's authority", "ssh -F /tmp/ssh_config -i /tmp/insider stray id",
            "is unknown here"
        ),
        ("-W", "ssh -F /tmp/ssh_config -W 127.0.0.1:22 gateway", "administratively prohibited"),
        (
            "-L",
            """
            ssh -F /tmp/ssh_config -N -L /tmp/forwarded:127.0.0.1:22 gateway &
            until [ -S /tmp/forwarded ]; do sleep 0.05; done
            perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => "/tmp/forwarded")->getline or exit 1' || {
                kill $!; wait $! || true; echo nothing came; exit 1; }
            """, "nothing came"
        ),
        (
            "-R", "ssh -F /tmp/ssh_config -o ExitOnForwardFailure=yes -N -R 0:127.0.0.1:22 gateway",
            "forwarding failed"
        ),
        ("su", "su builds -c id", "This account only enters build machines."),
    ]
}
