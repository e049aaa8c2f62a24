import TestBed

/// A client other than OpenSSH.
enum OtherClient: String, CaseIterable, Sendable {
    case plink, dbclient

    /// Makes the person's key such that the client can read it.
    func convertKey(of person: Person) async throws {
        let converted =
            switch self {
            case .plink:
                try await person.sh("puttygen ~/.ssh/id_ed25519 -O private -o ~/.ssh/id_ed25519.ppk")
            case .dbclient:
                try await person.sh(
                    "dropbearconvert openssh dropbear ~/.ssh/id_ed25519 ~/.ssh/id_dropbear 2>&1")
            }
        guard converted.status == 0 else {
            throw TestBedError("the key was not converted", log: "\(converted)")
        }
    }

    /// Its command line up to the host, which has this key or another.
    func commandLine(
        of person: Person, to host: String, as user: String, hostKey: String, options: [String] = []
    ) async throws -> [String] {
        try await convertKey(of: person)
        switch self {
        case .plink:
            let listing = try await person.sh("ssh-keygen -l -f - <<<\"$1\"", hostKey)
            let fingerprint = String(listing.text.split(separator: " ")[1])
            return ["plink", "-batch", "-i", "\(person.home)/.ssh/id_ed25519.ppk", "-hostkey", fingerprint]
                + options + ["\(user)@\(host)"]
        case .dbclient:
            // It looks for the name alone, whatever the port.
            let known = try await person.sh(
                "sed -i \"/^$1 /d\" ~/.ssh/known_hosts; echo \"$1 $2\" >>~/.ssh/known_hosts", host, hostKey)
            guard known.status == 0 else { throw TestBedError("no host key was added", log: "\(known)") }
            return ["dbclient", "-i", "\(person.home)/.ssh/id_dropbear"] + options + ["\(user)@\(host)"]
        }
    }

    /// Its command line up to the gateway.
    func gateway(of person: Person, hostKey: String? = nil, options: [String] = []) async throws -> [String] {
        let port = person.testBed.port(of: .builds)
        let scanned = try await person.sh(
            "ssh-keygen -F \"[$1]:$2\" | grep -v '^#' | cut -d' ' -f2,3", TestBed.publicHost, "\(port)")
        return try await commandLine(
            of: person, to: TestBed.publicHost, as: "builds",
            hostKey: hostKey ?? scanned.text.trimmed, options: options + [portOption, "\(port)"])
    }

    /// Its command line up to a job's builder, through the gateway.
    func builder(_ job: String, of person: Person) async throws -> [String] {
        let way = try await gateway(of: person) + ["proxy", job]
        let known = try await person.run(["ssh"] + person.gateway + ["known-hosts", job])
        guard known.status == 0, let first = known.text.split(separator: "\n").first else {
            throw TestBedError("no host key was told", log: "\(known)")
        }
        return try await commandLine(
            of: person, to: person.builder(job), as: "build",
            hostKey: first.split(separator: " ").dropFirst().joined(separator: " "),
            options: [self == .plink ? "-proxycmd" : "-J", way.joined(separator: " ")])
    }

    private var portOption: String { self == .plink ? "-P" : "-p" }
}
