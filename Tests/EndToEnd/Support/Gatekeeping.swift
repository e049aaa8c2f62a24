import TestBed

extension TestBed {
    /// Runs a command where a gateway's sshd would run it: with the installed programs and a system log.
    func onGateway(_ arguments: [String]) async throws -> Finished {
        try await run(
            [
                "unshare", "--mount", "/bin/sh", "-c",
                """
                mount --bind \(folder)/machine/local /usr/local
                mount --rbind \(folder)/machine/dev /dev
                mount --bind \(folder)/machine/tmp /tmp
                mount --bind \(folder)/machine/run /run
                exec "$@"
                """, "sh",
            ] + arguments)
    }

    /// A log of the test bed's: `syslog`, `runner`, `sshd-builds`.
    func log(_ name: String) async throws -> String {
        try await run(["cat", "\(folder)/log/\(name).log"]).text
    }

    /// What the runner's log says about the sessions of a job: who came, and why they went.
    func audit(of job: String) async throws -> [String] {
        try await log("runner").split(separator: "\n").compactMap { line in
            guard let record = line.firstRange(of: "job \(job): session ") else { return nil }
            return String(line[record.upperBound...])
        }
    }

    /// Makes what gateways remember about keys older by so many seconds.
    func ageKeyCache(by seconds: Int) async throws {
        let aged = try await run([
            "/bin/bash", "-euc",
            """
            for file in \(folder)/machine/run/sallyport/keys/*; do
                read -r word time <"$file" || true
                echo -n "$word $((time - \(seconds) * 1000000000))" >"$file"
            done
            """,
        ])
        guard aged.status == 0 else { throw TestBedError("nothing was aged", log: "\(aged)") }
    }

    /// `<type> <base64>` of a public key in the client's folder.
    func publicKey(_ name: String) async throws -> String {
        try await run(["cat", "\(client)/\(name).pub"]).text.split(separator: " ").prefix(2).joined(
            separator: " ")
    }

    /// Makes a key in the client's folder, once.
    func makeKey(_ name: String, _ options: [String]) async throws {
        let path = "\(client)/\(name)"
        let made = try await Command.run(
            [
                "sh", "-c", "[ -e \"$1\" ] || { file=$1; shift; ssh-keygen -q -N '' -f \"$file\" \"$@\"; }",
                "sh", path,
            ]
                + options)
        guard made.status == 0 else { throw TestBedError("no key was made", log: made.description) }
    }
}
