import TestBed

/// A machine for the allocator `hosts`: a stand-in with an account of its own, and the file that names it.
struct LabMachine: Sendable {
    let testBed: TestBed
    let builder: StandInBuilder
    let folder: String
    /// The allocator's words.
    var command: [String] { ["\(folder)/sallyport-hosts", "--file", "\(folder)/hosts.toml"] }

    /// - Parameter more: lines of its table in the file.
    static func start(in testBed: TestBed, more: String = "") async throws -> LabMachine {
        let builder = try await StandInBuilder.start(
            in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
        let folder = "\(testBed.folder)/lab-\(UInt32.random(in: 0 ... .max))"
        let made = try await testBed.run([
            "/bin/sh", "-ec",
            """
            mkdir "$1"
            install --mode=0755 "$2" "$1"
            ssh-keygen -q -t ed25519 -N '' -f "$1/key"
            cat >"$1/hosts.toml" <<END
            [hosts]
            state = "$1/state"
            identity = "$1/key"
            [hosts.machine.m1]
            address = "127.0.0.1"
            port = $3
            user = "build"
            host_keys = ["$4"]
            reuse = "trusted"
            $5
            END
            """, "sh", folder, "\(Repository.programs)/sallyport-hosts", "\(builder.port)",
            try await builder.hostKey(), more,
        ])
        guard made.status == 0 else { throw TestBedError("no lab was made", log: "\(made)") }
        try await StandInBuilder.authorize(
            try await testBed.run(["cat", "\(folder)/key.pub"]).text, in: testBed)
        return LabMachine(testBed: testBed, builder: builder, folder: folder)
    }

    /// Runs the program as an operator does.
    func hosts(_ words: [String]) async throws -> Finished {
        try await testBed.run(command + words)
    }
}
