import BuildAPI
import FoundationEssentials
import Provider
import TaskChannel

/// A machine that an allocator program has got.
struct CommandBuilder: AllocatedBuilder {
    private let allocation: AllocationID
    private let machine: AllocatedMachine
    private let ssh: SSHTaskChannel
    private let watch: AllocationWatch

    init(
        _ allocation: AllocationID, _ machine: AllocatedMachine, _ channel: SSHTaskChannel,
        _ watch: AllocationWatch
    ) {
        self.allocation = allocation
        self.machine = machine
        ssh = channel
        self.watch = watch
    }

    var endpoint: Job.Builder.Endpoint { machine.endpoint }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }
    /// The machine has its keys already.
    var isCertified: Bool { false }
    var data: String? { machine.data }
    var until: Date? { machine.until }
    var channel: any TaskChannel { ssh }

    func waitUntilReady(within seconds: Int) async throws {
        try await ssh.waitUntilReady(before: .now + .seconds(seconds))
        try await ssh.prepareScripts()
    }

    func waitUntilEnded() async {
        await watch.waitUntilGone(allocation, until: machine.until) { [ssh] in await ssh.answers() }
    }
}
