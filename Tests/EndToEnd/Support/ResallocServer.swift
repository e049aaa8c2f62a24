import TestBed
import Testing

/// The stand-in for resalloc, with one machine to give out, and the file of the allocator that asks it.
struct ResallocServer: Sendable {
    let testBed: TestBed
    let folder: String
    /// The allocator's words.
    var command: [String] { ["\(folder)/sallyport-resalloc", "--file", "\(folder)/resalloc.toml"] }

    /// - Parameters:
    ///   - machine: what `cmd_new` has printed about it.
    ///   - identity: the private key that opens it.
    ///   - more: further lines of the allocator's file.
    static func start(
        in testBed: TestBed, machine: String, user: String, identity: String, more: String = ""
    ) async throws -> ResallocServer {
        let folder = "\(testBed.folder)/resalloc-\(UInt32.random(in: 0 ... .max))"
        let made = try await testBed.run([
            "/bin/sh", "-ec",
            """
            mkdir "$1" "$1/machines" "$1/tickets"
            install --mode=0755 "$2" "$3/resalloc" "$3/resalloc-maint" "$1"
            printf 'builder\\n%s\\n' "$4" >"$1/machines/m1"
            cat >"$1/resalloc.toml" <<END
            [resalloc]
            state = "$1/state"
            program = "$1/resalloc"
            connection = "file://$1"
            user = "$5"
            identity = "$6"
            $7
            [resalloc.pool.pool]
            tags = ["builder"]
            [resalloc.pool.copr]
            tags = ["builder"]
            END
            """, "sh", folder, "\(Repository.programs)/sallyport-resalloc",
            "\(Repository.root)/Tests/Resalloc", machine, user, identity, more,
        ])
        guard made.status == 0 else { throw TestBedError("no server was made", log: "\(made)") }
        return ResallocServer(testBed: testBed, folder: folder)
    }

    /// With a stand-in builder as the machine, on which nothing is left when its ticket is closed.
    static func start(for builder: StandInBuilder) async throws -> ResallocServer {
        let testBed = builder.testBed
        let key = "\(testBed.folder)/resalloc-key-\(builder.port)"
        let made = try await testBed.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        await expect(made, status: 0, in: testBed)
        let own = try await testBed.run(["cat", key + ".pub"]).text
        try await StandInBuilder.authorize(own, in: testBed)
        let server = try await start(
            in: testBed, machine: "---\nhost: 127.0.0.1\nname: copr_1\nport: \(builder.port)", user: "build",
            identity: key)
        let hook = try await testBed.run([
            "/bin/sh", "-ec",
            """
            cat >"$1/delete" <<END
            #!/bin/sh
            inside() {
                ssh -F none -i "$2" -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
                    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p "$3" build@127.0.0.1 "\\$1"
            }
            # That ends the connection, too.
            inside 'kill -KILL -1'
            inside 'find . -mindepth 1 -maxdepth 1 ! -name .ssh -exec rm -rf {} + && echo $4 >.ssh/authorized_keys'
            END
            chmod 755 "$1/delete"
            """, "sh", server.folder, key, "\(builder.port)", own.trimmed,
        ])
        await expect(hook, status: 0, in: testBed)
        return server
    }

    func begin(_ fault: String) async throws {
        await expect(try await testBed.run(["touch", "\(folder)/\(fault)"]), status: 0, in: testBed)
    }

    func end(_ fault: String) async throws {
        await expect(try await testBed.run(["rm", "\(folder)/\(fault)"]), status: 0, in: testBed)
    }

    /// Returns when there have been so many tickets.
    func wait(forTicket number: Int) async throws {
        let waited = try await testBed.run([
            "timeout", "60", "/bin/sh", "-c", "until [ -e \(folder)/tickets/\(number) ]; do sleep 0.05; done",
        ])
        await expect(waited, status: 0, in: testBed)
    }

    /// The tickets that nobody has closed, as soon as there are none, or after a minute.
    func openTickets() async throws -> String {
        let list = "\(folder)/resalloc-maint --folder \(folder) ticket-list"
        return try await testBed.run(
            [
                "/bin/sh", "-c",
                """
                end=$(($(date +%s) + 60))
                while [ -n "$(\(list))" ] && [ "$(date +%s)" -lt "$end" ]; do sleep 0.1; done
                \(list)
                """,
            ], deadline: 90
        ).text
    }
}
