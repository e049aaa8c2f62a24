import BuildAPI
import FoundationEssentials
import Provider
import SystemPackage
import TaskChannel

/// A machine that an allocator program has got.
struct CommandBuilder: AllocatedBuilder {
    private let allocation: AllocationID
    private let machine: AllocatedMachine
    private let ssh: SSHTaskChannel
    /// Nil: the runner may not do that there.
    private let certification: HostCertification?
    private let folder: AllocationFolder
    private let watch: AllocationWatch

    init(
        _ allocation: AllocationID, _ machine: AllocatedMachine, _ folder: AllocationFolder,
        _ channel: SSHTaskChannel, _ certification: HostCertification?, _ watch: AllocationWatch
    ) {
        self.allocation = allocation
        self.machine = machine
        self.folder = folder
        ssh = channel
        self.certification = certification
        self.watch = watch
    }

    /// That of a machine that has dialled is where its link leads: elsewhere when it has come back.
    var endpoint: Job.Builder.Endpoint {
        switch machine.place {
        case .address(let address, let port): .address(address, port: port)
        case .gateway: .socket(path: folder.linkedSocket ?? folder.socket.string)
        }
    }
    var hasDialled: Bool { machine.place == .gateway }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }
    var data: String? { machine.data }
    var until: Date? { machine.until }
    var channel: any TaskChannel { ssh }

    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var machine = machine
        if machine.hostKeys.isEmpty { machine.hostKeys = folder.machine()?.hostKeys ?? [] }
        if machine.hostKeys.isEmpty, case .address(let address, let port) = machine.place {
            machine.hostKeys = try await FirstHostKeys.learn(at: address, port: port, before: deadline)
            // From here on, no other key counts, whoever asks.
            try folder.store(machine)
        }
        try await prepare(before: deadline)
        let isCertified = await certification?.succeeds(on: machine, at: Date()) ?? false
        if isCertified != (machine.isCertified ?? false) {
            machine.isCertified = isCertified
            try folder.store(machine)
        }
        return ReadyBuilder(
            isCertified: isCertified, firstKeys: machine.isFirstUse == true ? machine.hostKeys : nil)
    }

    /// A machine that has dialled can be away for a while.
    private func prepare(before deadline: ContinuousClock.Instant) async throws {
        while true {
            do {
                try await ssh.waitUntilLettingIn(before: deadline)
                return try await ssh.prepareScripts()
            } catch let error as BuilderError
                where error.code == .connectionLost && hasDialled && ContinuousClock.now < deadline
            {}
        }
    }

    func renewCertificates() async { await certification?.renew(on: machine, at: Date()) }

    /// Whether a machine that has dialled is there, its gateway says.
    func waitUntilEnded() async {
        await watch.waitUntilGone(allocation, until: machine.until) { [ssh, hasDialled] in
            if hasDialled { true } else { await ssh.answers() }
        }
    }

    func moved(to endpoint: Job.Builder.Endpoint) throws {
        guard case .socket(let path) = endpoint, hasDialled else { return }
        try folder.link(to: path)
    }
}
