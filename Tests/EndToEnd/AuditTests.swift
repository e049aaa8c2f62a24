import Foundation
import TestBed
import Testing

/// Audit records of real logins, by the real gateway and the real runner.
@Suite struct AuditTests {
    private typealias Record = [String: Value]

    private enum Value: Decodable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
        ExpressibleByBooleanLiteral
    {
        case text(String)
        case number(Int)
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        init(stringLiteral text: String) { self = .text(text) }
        init(integerLiteral number: Int) { self = .number(number) }
        init(booleanLiteral flag: Bool) { self = .flag(flag) }
    }

    /// The records about a job, as `sallyport audit` has them.
    private func records(of job: String, in testBed: TestBed) async throws -> [Record] {
        let shown = try await testBed.sallyport(["audit", "--job", job, "--json"])
        await expect(shown, status: 0, in: testBed)
        return try shown.text.split(separator: "\n").map {
            try JSONDecoder().decode(Record.self, from: Data($0.utf8))
        }
    }

    @Test("one session is the same in gateway and runner, from the login to the exit status")
    func oneSession() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let before = try await records(of: job, in: testBed).count
        let inside = try await Command.run(
            testBed.ssh(["connect", job, "cat; exit 7"]), input: Array("four".utf8))
        await expect(inside, status: 7, output: ["four"], in: testBed)
        let all = Array(try await records(of: job, in: testBed).dropFirst(before))
        let gateways = all.filter { $0["program"] == "sallyport-shell" }
        #expect(
            gateways.map { $0["event"] } == ["login", "decision", "verb", "claim", "entry", "exit"],
            "\(all)")
        let session = gateways.first?["session"]
        let runners = all.filter { $0["program"] == "sallyport-runner" && $0["session"] == session }
        #expect(runners.map { $0["event"] } == ["claim", "exit"], "\(all)")
        for record in gateways + runners {
            #expect(record["name"] == "alice" && record["job"] == .text(job) && record["from"] == "127.0.0.1")
            #expect(record["session"] == session && record["v"] == 1)
            #expect(record["owner"] == (record["event"] == "login" ? nil : "alice"))
        }
        let entry = try #require(gateways.first { $0["event"] == "entry" })
        #expect(entry["role"] == "owner" && entry["decision"] == nil && entry["key_type"] == "ssh-ed25519")
        #expect(entry["builder_trust"] == "service" && entry["agent"] == false && entry["kind"] == "exec")
        #expect(entry["builder_key"] != nil && entry["builder_key"] != "")
        #expect(entry["claim"] == runners.first?["claim"] && entry["command"] == nil)
        let exit = try #require(gateways.last)
        #expect(exit["status"] == 7 && exit["received"] == 4 && exit["sent"] == 4, "\(exit)")
        #expect(exit["start"] != nil && exit["end"] != nil)
        try await testBed.endBuilder(of: job)
    }

    @Test("a guest's records say who let them in, and a refusal by which rule") func guests() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        await expect(
            try await Command.run(testBed.ssh(["connect", job, "id"], as: "bob")), status: 77, in: testBed)
        await expect(try await Command.run(testBed.ssh(["share", job, "bob"])), status: 0, in: testBed)
        await expect(
            try await Command.run(testBed.ssh(["connect", job, "id"], as: "bob")), status: 0, in: testBed)
        let all = try await records(of: job, in: testBed)
        let denied = try #require(all.first { $0["decision"] == "deny" }, "\(all)")
        #expect(denied["name"] == "bob" && denied["rule"] != nil)
        #expect(all.contains { $0["event"] == "change" && $0["verb"] == "share" && $0["name"] == "alice" })
        let claims = all.filter { $0["event"] == "claim" && $0["name"] == "bob" }
        #expect(claims.count == 2, "\(all)")
        #expect(claims.allSatisfy { $0["role"] == "shared" && $0["shared_with"] == "bob" })
        #expect(claims.contains { $0["shared_by"] == "alice" })
        try await testBed.endBuilder(of: job)
    }

    @Test("what people's own ssh carries is opaque, and counted") func proxied() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person(in: testBed)
        let job = try await SharedJobs.freshWreck(testBed)
        let copied = try await alice.run(["ssh", alice.builder(job), "head -c 100000 /dev/zero | wc -c"])
        await expect(copied, status: 0, output: ["100000"], in: testBed)
        let all = try await records(of: job, in: testBed)
        let entry = try #require(all.first { $0["event"] == "entry" }, "\(all)")
        #expect(entry["opaque"] == true && entry["builder_trust"] == "client" && entry["verb"] == "proxy")
        // The client has gone as soon as it has what it wants.
        let session = entry["session"]
        let exit = try #require(
            all.last {
                $0["event"] == "exit" && $0["session"] == session && $0["program"] == "sallyport-shell"
            })
        guard case .number(let sent)? = exit["sent"], case .number(let received)? = exit["received"] else {
            Issue.record("nothing was counted: \(exit)")
            return
        }
        // A key exchange, at least.
        #expect(sent > 1000 && received > 1000, "\(exit)")
        try await testBed.endBuilder(of: job)
    }

    @Test("the owner reads why an administrator was there") func administrators() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        await expect(try await testBed.sallyport(["people", "promote", "bob"]), status: 0, in: testBed)
        let entered = try await Command.run(
            testBed.ssh(
                ["connect", job, "--reason", "its disk is \u{1b}[31mfull", "--", "echo in"], as: "bob"))
        await expect(try await testBed.sallyport(["people", "demote", "bob"]), status: 0, in: testBed)
        await expect(entered, status: 0, output: ["in\n"], in: testBed)
        let sentence = "bob, an administrator, entered job \(job) at "
        let terminal = try PseudoTerminal(columns: 300)
        let back = try await Command.start(
            testBed.ssh(["connect", job, "true"], options: ["-t"]), terminal: terminal
        ) { back in await back.output.waitForEnd() }
        let greeted = try await Command.run(testBed.ssh([]))
        let shown = try await Command.run(testBed.ssh(["show", job]))
        for read in [back, greeted, shown] {
            #expect(read.text.contains(sentence) && read.text.contains("“its disk is ?[31mfull”"), "\(read)")
        }
        let claim = try #require(
            try await records(of: job, in: testBed).last { $0["event"] == "claim" && $0["name"] == "bob" })
        #expect(claim["role"] == "administrator" && claim["reason"] == "its disk is \u{1b}[31mfull")
        try await testBed.endBuilder(of: job)
    }

    @Test("the chains of a gateway and a runner that have done all this are intact") func intact()
        async throws
    {
        let testBed = try await SharedTestBed.get()
        await expect(try await Command.run(testBed.ssh(["whoami"])), status: 0, in: testBed)
        let verified = try await testBed.sallyport(["audit", "--verify"])
        await expect(
            verified, status: 0,
            output: ["gateway.jsonl: ", "runner.jsonl: ", "The chain is intact. The last record's hash is "],
            in: testBed)
        let shown = try await testBed.sallyport(["audit", "--since", "10m", "--person", "alice"])
        await expect(shown, status: 0, output: ["TIME", "login", "whoami"], in: testBed)
    }

    @Test("of 10,000 records by writers that are killed, each is whole or absent, and the chain is intact")
    func killed() async throws {
        let testBed = try await SharedTestBed.get()
        let written = try await testBed.run(
            [
                "/bin/bash", "-euc",
                """
                folder=$(mktemp -d); trap 'rm -r "$folder"' EXIT
                file=$folder/audit.jsonl
                count() { cat "$file" "$file".[0-9]* 2>/dev/null | wc -l; }
                round=0
                until [ "$(count)" -ge 10000 ]; do
                    round=$((round + 1))
                    writers=()
                    for number in 1 2 3; do "$1" "$file" & writers+=($!); done
                    # The moment of their death is what is tried.
                    sleep "0.0$((RANDOM % 90 + 10))"
                    kill -9 "${writers[@]}"
                    wait "${writers[@]}" 2>/dev/null || :
                    if [ $((round % 5)) = 0 ]; then mv "$file" "$file.$round"; fi
                done
                printf '[service]\\nurl = "unix:/nowhere"\\n[gateway]\\naudit_file = "%s"\\n' "$file" >"$folder/toml"
                "$2" audit --verify --config "$folder/toml"
                """, "bash", "\(Repository.programs)/sallyport-audit-writer",
                "\(Repository.programs)/sallyport",
            ], deadline: 120)
        await expect(written, status: 0, output: ["The chain is intact."], in: testBed)
        let count = try #require(written.text.firstMatch(of: #/: (\d+) records, 1 to (\d+)\n/#), "\(written)")
        #expect(count.1 == count.2 && Int(count.1) ?? 0 >= 10_000)
    }

    @Test("on an installed machine: rotation, the journal, and what happens if nothing can be written")
    func installed() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            await expect(try await machine.make("install"), status: 0, in: testBed)
            let configured = try await machine.run(
                """
                cd /etc/sallyport
                sed -i 's|^#\\(audit_file = \\)|\\1|; s|^#\\(audit_commands = \\).*|\\1true|' sallyport.toml
                grep -c '^audit_file' sallyport.toml
                """)
            await expect(configured, status: 0, output: ["2\n"], in: testBed)
            try await machine.start()
            await expect(
                try await machine.run("sallyport keys add alice /tmp/alice.pub"), status: 0, in: testBed)

            let rotated = try await machine.run(
                """
                \(InstalledMachine.ssh) "list --n=1" || :
                chmod 644 /etc/logrotate.d/sallyport
                logrotate --force --state /run/logrotate /etc/logrotate.d/sallyport
                \(InstalledMachine.ssh) whoami
                logrotate --force --state /run/logrotate /etc/logrotate.d/sallyport
                \(InstalledMachine.ssh) whoami
                ls /var/log/sallyport-gateway
                sallyport audit --verify
                sallyport audit
                """)
            await expect(
                rotated, status: 0,
                output: [
                    "audit.jsonl.2.gz\n", "The chain is intact.", "list --n=1", "status 64",
                    "alice gets the key SHA256:",
                ], in: testBed)
            try await journal(on: machine)
            try await nothingCanBeWritten(on: machine)
        }
    }

    /// journald gets each field as one of its own.
    private func journal(on machine: InstalledMachine) async throws {
        let said = try await machine.run(
            """
            mkdir -p /run/systemd/journal
            python3 - <<'EOF' &
            import os, socket
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            listening.bind("/run/systemd/journal/socket")
            os.chmod("/run/systemd/journal/socket", 0o666)
            listening.settimeout(20)
            print(listening.recv(1 << 16).decode())
            EOF
            until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
            \(InstalledMachine.ssh) whoami
            wait
            rm -r /run/systemd
            """)
        await expect(
            said, status: 0,
            output: [
                "MESSAGE=@cee: {", "SYSLOG_IDENTIFIER=sallyport-audit\n", "SALLYPORT_EVENT=login\n",
                "SALLYPORT_NAME=alice\n", "SALLYPORT_SEQ=", "SALLYPORT_COMMAND=whoami\n",
            ], in: machine.testBed)
    }

    private func nothingCanBeWritten(on machine: InstalledMachine) async throws {
        let said = try await machine.run(
            """
            mv /var/log/sallyport-gateway /var/log/away
            \(InstalledMachine.ssh) whoami
            sed -i 's|^#\\(audit_required = \\).*|\\1true|' /etc/sallyport/sallyport.toml
            \(InstalledMachine.ssh) whoami 2>&1 || echo "status $?"
            # A disk without room for one more record.
            install -d -o builds -g builds /var/log/sallyport-gateway
            mount -t tmpfs -o size=4k,uid=builds none /var/log/sallyport-gateway
            setpriv --reuid=builds --clear-groups head -c 4090 /dev/zero >/var/log/sallyport-gateway/other
            \(InstalledMachine.ssh) whoami 2>&1 || echo "full: $?"
            umount /var/log/sallyport-gateway
            rm -r /var/log/sallyport-gateway
            mv /var/log/away /var/log/sallyport-gateway
            \(InstalledMachine.ssh) whoami >/dev/null
            sallyport audit --verify
            """)
        await expect(
            said, status: 0,
            output: [
                "alice",
                "sallyport: This gateway lets nobody in without a record of it, and the record cannot be written.",
                "status 78\n", "full: 78\n", "The chain is intact.",
            ], in: machine.testBed)
    }
}
