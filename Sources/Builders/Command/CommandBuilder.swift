import BuildAPI
import FoundationEssentials
import Provider
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

    var endpoint: Job.Builder.Endpoint { machine.endpoint }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }
    var data: String? { machine.data }
    var until: Date? { machine.until }
    var channel: any TaskChannel { ssh }

    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var machine = machine
        if machine.hostKeys.isEmpty { machine.hostKeys = folder.machine()?.hostKeys ?? [] }
        if machine.hostKeys.isEmpty {
            machine.hostKeys = try await FirstHostKeys.learn(of: machine, before: deadline)
            // From here on, no other key counts, whoever asks.
            try folder.store(machine)
        }
        try await ssh.waitUntilReady(before: deadline)
        try await ssh.prepareScripts()
        let isCertified = await certification?.succeeds(on: machine, at: Date()) ?? false
        if isCertified != (machine.isCertified ?? false) {
            machine.isCertified = isCertified
            try folder.store(machine)
        }
        return ReadyBuilder(
            isCertified: isCertified, firstKeys: machine.isFirstUse == true ? machine.hostKeys : nil)
    }

    func renewCertificates() async { await certification?.renew(on: machine, at: Date()) }

    func waitUntilEnded() async {
        await watch.waitUntilGone(allocation, until: machine.until) { [ssh] in await ssh.answers() }
    }
}
