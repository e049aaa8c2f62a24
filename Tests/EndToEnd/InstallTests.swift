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
                    644 ./etc/sallyport/sallyport.toml
                    644 ./etc/ssh/sshd_config.d/50-sallyport.conf
                    755 ./usr/bin/sallyport
                    644 ./usr/lib/systemd/system/sallyport-runner.service
                    644 ./usr/lib/tmpfiles.d/sallyport.conf
                    755 ./usr/libexec/sallyport/sallyport-dispatch
                    755 ./usr/libexec/sallyport/sallyport-lookup
                    755 ./usr/libexec/sallyport/sallyport-runner
                    755 ./usr/libexec/sallyport/sallyport-shell
                    644 ./usr/libexec/sallyport/sallyport.commit
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

    /// Installs an earlier version and then this one: what nobody has changed becomes this version's; beside what an
    /// administrator has changed, this version's is put once.
    @Test func anUpgradeOverwritesNothingOfTheAdministrators() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            let make = "make --no-print-directory PROGRAMS=\(machine.programs)"
            let upgraded = try await machine.run(
                """
                earlier=/tmp/earlier
                mkdir -p "$earlier"/Sources
                cp -r \(machine.source)/Makefile \(machine.source)/.swift-version \(machine.source)/sshd_config.d "$earlier"
                cp -r \(machine.source)/Sources/Installation "$earlier"/Sources
                sed -i 's/^/# Earlier. /' "$earlier"/Sources/Installation/* "$earlier"/sshd_config.d/*
                drop_in=/etc/ssh/sshd_config.d/50-sallyport.conf
                unit=/usr/local/lib/systemd/system/sallyport-runner.service
                configuration=/etc/sallyport/sallyport.toml

                \(make) -C "$earlier" install >/tmp/first
                grep 'Installed. Next steps' /tmp/first
                echo '# Mine.' >>"$configuration"
                echo '# Mine.' >>"$unit"
                cp "$configuration" "$unit" /tmp
                echo "[upgrade]"
                \(make) -C \(machine.source) install
                cmp "$drop_in" \(machine.source)/sshd_config.d/50-sallyport.conf
                cmp "$unit" /tmp/sallyport-runner.service
                cmp "$configuration" /tmp/sallyport.toml
                grep -c Earlier "$configuration.new" "$unit.new" || true
                rm "$configuration.new"
                echo "[again]"
                \(make) -C \(machine.source) install
                cp "$unit.new" "$unit"
                echo "[merged]"
                \(make) -C \(machine.source) install
                ! ls /etc/sallyport/*.new /usr/local/lib/*/*.new /etc/ssh/*/*.new /usr/local/lib/systemd/system/*.new
                """)
            await expect(upgraded, status: 0, in: testBed)
            let unit = "/usr/local/lib/systemd/system/sallyport-runner.service"
            func kept(_ file: String) -> String {
                "\(file) is not changed. Compare it with this version's, then remove that: diff -u \(file) \(file).new\n"
            }
            let configuration = kept("/etc/sallyport/sallyport.toml")
            let parts = upgraded.text.split(separator: /\[[a-z]+\]\n/).map { String($0) }
            try #require(parts.count == 4, "\(upgraded)")
            #expect(
                parts[1].hasPrefix(
                    configuration
                        + "Updated /etc/ssh/sshd_config.d/50-sallyport.conf, which nobody had changed.\n"
                        + kept(unit)), "\(upgraded)")
            #expect(parts[1].contains("sallyport.toml.new:0\n\(unit).new:0\n"), "\(upgraded)")
            #expect(parts[2].hasPrefix(kept(unit) + "Upgraded."), "\(upgraded)")
            #expect(parts[3].hasPrefix("Upgraded."), "\(upgraded)")
        }
    }

    /// Everything that the programs need is installed: a person logs in, and enters the machine of a failed job.
    @Test func anInstalledMachineLetsPeopleIn() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(
                try await machine.make("install"), status: 0, output: ["Next steps"], in: testBed)
            await expect(try await machine.make("install-image"), status: 0, in: testBed)
            try await start(machine)
            let entered = try await machine.run(
                """
                sallyport keys add alice /tmp/alice.pub
                printf 'image: debian\\ntasks:\\n  - check: exit 3\\n' >/tmp/job.yaml
                job=$(sallyport submit --owner alice /tmp/job.yaml | grep -o '[0-9]*' | head -1)
                \(Self.ssh) tail "$job" || echo "tail: $?"
                \(Self.ssh) connect "$job" 'echo inside; exit 5' || echo "connect: $?"
                """, deadline: 120)
            await expect(entered, status: 0, output: ["tail: 1\n", "inside\nconnect: 5\n"], in: testBed)

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

    /// The drop-in, the configuration and the database of version 1.0 stay unchanged, and today's programs work with
    /// them.
    @Test func anEarlierInstallationGoesOn() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            let fixtures = "\(machine.source)/Tests/Fixtures/1.0"
            let prepared = try await machine.run(
                """
                mkdir -p /etc/sallyport /etc/ssh/sshd_config.d
                cp \(fixtures)/sallyport.toml /etc/sallyport
                cp \(fixtures)/50-sallyport.conf /etc/ssh/sshd_config.d
                """)
            await expect(prepared, status: 0, in: testBed)
            let kept = [
                "/etc/sallyport/sallyport.toml is not changed.",
                "/etc/ssh/sshd_config.d/50-sallyport.conf is not changed.",
            ]
            await expect(try await machine.make("install"), status: 0, output: kept, in: testBed)
            // The key is new; and the file's jobs become older each day.
            let database = try await machine.run(
                """
                install -o sallyport -g sallyport -m 600 \(fixtures)/runner.sqlite /var/lib/sallyport
                sed -i -e "s|^gateway_keys = .*|gateway_keys = [\\"$(cut -d' ' -f1,2 /etc/sallyport/builder_ed25519.pub)\\"]|" \\
                    -e 's/^#retention = .*/retention = 36500/' /etc/sallyport/sallyport.toml
                """)
            await expect(database, status: 0, in: testBed)
            try await start(machine)
            let known = try await machine.run(
                """
                sallyport jobs --all
                sallyport keys add alice /tmp/alice.pub
                \(Self.ssh)
                \(Self.ssh) show 1
                \(Self.ssh) connect 2 true || echo "connect: $?"
                """)
            await expect(
                known, status: 0,
                output: ["fix the parser", "Hello alice.", "the ümlaut", "connect: 69\n"], in: testBed)
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
            try await start(machine)
            let people = try await machine.run(
                """
                setpriv --reuid=sallyport --regid=sallyport --init-groups \
                    /usr/local/libexec/sallyport/sallyport-runner serve --config /etc/sallyport/second.toml \
                    >/tmp/second.log 2>&1 </dev/null &
                trap 'kill $!; wait $!' EXIT
                until sallyport jobs --config /etc/sallyport/second.toml >/dev/null 2>&1; do
                    kill -0 $! || { cat /tmp/second.log; exit 1; }
                    sleep 0.1
                done
                sallyport keys add alice /tmp/alice.pub
                sallyport keys add zoe /tmp/alice.pub --config /etc/sallyport/second.toml
                \(Self.ssh) whoami
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
            \(Self.ssh) connect "$job" 'echo inside; sleep 1000' >/tmp/inside 2>/dev/null &
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

    private static let ssh = "ssh -F /tmp/ssh_config gateway"

    /// What else a person with a key can try, and the answer of sshd or the forced command.
    private static let otherWays: [(name: String, command: String, says: String)] = [
        ("a shell", "\(ssh) sh", "connect [--now]"),
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

    /// sshd as Debian has it, configured as permissively as possible; the runner as its unit starts it.
    private func start(_ machine: InstalledMachine) async throws {
        let started = try await machine.run(
            """
            cd /tmp
            for key in alice stray authority insider; do ssh-keygen -q -t ed25519 -N '' -f "$key"; done
            ssh-keygen -q -s authority -I x -n builds insider.pub
            ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/test_host_key
            for attempt in 1 2 3 4 5; do
                port=$((20000 + RANDOM % 20000))
                cat >/etc/ssh/sshd_config <<EOF
            Include /etc/ssh/sshd_config.d/*.conf
            ListenAddress 127.0.0.1:$port
            HostKey /etc/ssh/test_host_key
            PidFile /run/sshd.pid
            UsePAM no
            PasswordAuthentication yes
            AllowTcpForwarding yes
            AuthorizedKeysFile /tmp/stray.pub
            TrustedUserCAKeys /tmp/authority.pub
            Subsystem sftp internal-sftp
            EOF
                /usr/sbin/sshd -t
                /usr/sbin/sshd -E /tmp/sshd.log
                until [ -e /run/sshd.pid ] || grep -q 'in use' /tmp/sshd.log; do sleep 0.02; done
                [ ! -e /run/sshd.pid ] || break
                rm -f /tmp/sshd.log
            done
            cat >/tmp/ssh_config <<EOF
            Host gateway
                IdentityFile /tmp/alice
            Host *
                HostName 127.0.0.1
                Port $port
                User builds
                UserKnownHostsFile /tmp/known_hosts
                IdentitiesOnly yes
                BatchMode yes
            EOF
            echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 /etc/ssh/test_host_key.pub)" >/tmp/known_hosts
            """)
        guard started.status == 0 else { throw TestBedError("nothing was started", log: "\(started)") }
        try await machine.startRunner()
    }
}
