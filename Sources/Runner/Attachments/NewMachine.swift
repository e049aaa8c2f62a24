import AuthorizedKeys
import BuildAPI
import Connections
import FoundationEssentials

/// What a machine that wants to attach itself says, if it makes sense. Nothing of it is more than the machine's word.
struct NewMachine: Sendable {
    let key: PublicKey
    let from: String
    let block: AddressBlock
    /// The IPv4 /24 or IPv6 /48 with that in it.
    let network: AddressBlock
    let endpoint: Job.Builder.Endpoint
    let user: String
    /// Each `<type> <base64>`.
    let hostKeys: [String]
    let isRunning: Bool
    let exitStatus: Int?
    var name: String?
    let note: String?
    let member: String?
    let visibility: Job.Visibility
    let until: Date?
    let wait: Int?
    let idle: Int?
    let system: String?
    let architecture: String?
    let sendsLog: Bool
    let gateway: String?

    init(_ new: NewAttachment) throws(RunnerError) {
        key = try Self.key(new.key)
        (from, block, network) = try Self.address(new.from)
        endpoint = try Self.endpoint(new.endpoint)
        hostKeys = try Self.hostKeys(new.hostKeys)
        user = try Self.require(new.user, "user", "A user name has 1 to 32 of [A-Za-z0-9_.-].") {
            UserName.isValid($0)
        }
        isRunning = new.running
        exitStatus =
            try new.running
            ? nil : new.exitStatus.map { status throws(RunnerError) in try Self.exitStatus(status) }
        name = try new.name.map { name throws(RunnerError) in
            try Self.require(
                name, "name",
                "A name has 1 to 40 of [A-Za-z0-9_-], and begins with a letter, but not with job-."
            ) { JobName($0) != nil }
        }
        note = try new.note.map { note throws(RunnerError) in
            try Self.require(note, "note", "A note can have at most 1024 bytes.") { $0.utf8.count <= 1024 }
        }
        member = new.member
        visibility = new.visibility ?? .unlisted
        until = new.until
        wait = try Self.seconds(new.wait, "wait")
        idle = try Self.seconds(new.idle, "idle")
        system = Self.word(new.system)
        architecture = Self.word(new.architecture)
        sendsLog = new.log ?? true
        gateway = try Self.gateway(new.gateway)
    }

    /// Whether it is that machine: nobody else knows the host keys of one that is nobody's.
    func isSame(as other: NewMachine) -> Bool {
        key == other.key && Set(hostKeys) == Set(other.hostKeys)
    }

    // MARK: Members

    static func key(_ line: String) throws(RunnerError) -> PublicKey {
        guard let (key, _) = try? PublicKey.parse(line: line) else {
            throw RunnerError(.unprocessable(line: nil, key: "key"), "This is no public key.")
        }
        return key
    }

    static func address(
        _ text: String
    ) throws(RunnerError) -> (from: String, block: AddressBlock, network: AddressBlock) {
        guard let block = AddressBlock(text, bytesOfIPv4: 4),
            let network = AddressBlock(text, bytesOfIPv4: 3, bytesOfIPv6: 6)
        else {
            throw RunnerError(
                .unprocessable(line: nil, key: "from"), "The machine's address must be an IP literal.")
        }
        return (text, block, network)
    }

    /// `unix:/path`
    static func endpoint(_ text: String) throws(RunnerError) -> Job.Builder.Endpoint {
        let scheme = "unix:"
        let path = text.dropFirst(scheme.count)
        // A socket's address has 108 bytes: unix(7).
        guard text.hasPrefix(scheme + "/"), path.utf8.count < 108,
            path.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw RunnerError(
                .unprocessable(line: nil, key: "endpoint"),
                "The endpoint must be unix:/path, with less than 108 bytes.")
        }
        return .socket(path: String(path))
    }

    static func hostKeys(_ lines: [String]) throws(RunnerError) -> [String] {
        var keys: [String] = []
        for line in lines {
            guard let (key, _) = try? PublicKey.parse(line: line),
                !key.type.hasSuffix("-cert-v01@openssh.com")
            else {
                throw RunnerError(
                    .unprocessable(line: nil, key: "host_keys"), "A host key must be \"<type> <base64>\".")
            }
            if !keys.contains(key.line) { keys.append(key.line) }
        }
        guard (1...4).contains(lines.count) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "host_keys"), "A machine has one to four host keys.")
        }
        return keys
    }

    static func gateway(_ name: String?) throws(RunnerError) -> String? {
        try name.map { name throws(RunnerError) in
            try Self.require(name, "gateway", "A gateway's name is a host name.") { HostName.isValid($0) }
        }
    }

    static func exitStatus(_ status: Int) throws(RunnerError) -> Int {
        guard (0...255).contains(status) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "exit_status"), "An exit status is 0 to 255.")
        }
        return status
    }

    private static func seconds(_ seconds: Int?, _ key: String) throws(RunnerError) -> Int? {
        guard (seconds ?? 1) >= 1 else {
            throw RunnerError(.unprocessable(line: nil, key: key), "It must be at least a second.")
        }
        return seconds
    }

    private static func require(
        _ text: String, _ key: String, _ rule: String, _ isRight: (String) -> Bool
    ) throws(RunnerError) -> String {
        guard isRight(text) else { throw RunnerError(.unprocessable(line: nil, key: key), rule) }
        return text
    }

    /// Nobody relies on it, so what is no plain word is left out.
    private static func word(_ text: String?) -> String? {
        text.flatMap { word in
            (1...32).contains(word.utf8.count)
                && word.utf8.allSatisfy { $0.isLetterOrDigit || "_.-".utf8.contains($0) } ? word : nil
        }
    }
}

extension JobRecord {
    /// The job of a machine that attaches itself.
    ///
    /// - Parameters:
    ///   - attachmentID: of its attachment.
    ///   - until: when its CI ends it, by the runner's clock.
    init(
        of machine: NewMachine, id: JobID, as attachmentID: String = MachineAttachment.newID(),
        for attacher: Attacher, secret: AttachmentSecret, until: Date?, times: Times, at now: Date
    ) {
        func clamped(_ seconds: Int?) -> Int { min(seconds ?? times.keep, times.maxLife) }
        let job = Job(
            id: id, name: machine.name, owner: attacher.owner, submitter: attacher.submitter,
            note: machine.note, status: .running, visibility: machine.visibility, created: now,
            tasks: [.init(name: MachineAttachment.task, status: .running, started: now)],
            builder: .init(
                state: .ready, endpoint: machine.endpoint, user: machine.user, hostKeys: machine.hostKeys,
                certified: false),
            attached: .init(
                from: machine.from, key: attacher.fingerprint, adopted: attacher.isAdopting ? true : nil,
                system: machine.system,
                architecture: machine.architecture, until: machine.until,
                idle: machine.idle.map(clamped), gateway: machine.gateway))
        self.init(job: job, build: .attached)
        attachment = MachineAttachment(
            id: attachmentID, secret: secret.hash,
            expires: now.addingTimeInterval(Double(times.lease)), wait: clamped(machine.wait),
            idle: clamped(machine.idle))
        builderStarted = now
        self.until = until
        isPrepared = true
    }
}
