public import BuildAPI
public import Provider
import SystemPackage
public import TaskChannel

/// A builder: a virtual machine that QEMU runs in the background.
///
/// It outlives this object and this process: `adopt` finds it again. It ends when `end` is called, when its
/// guest powers off, or by its own watchdog.
public final class Machine: Sendable {
    /// Where its SSH server is reached.
    public let endpoint: Job.Builder.Endpoint
    /// The host keys that its SSH server can show, `<type> <base64>`.
    public let hostKeys: [String]
    /// The user name for logging in.
    public let user = MachineSpecification.user

    /// How to work in it.
    public let channel: SSHTaskChannel

    let folder: MachineFolder
    let monitor: MonitorConnection
    private let meter: NetworkMeter?
    /// Has its socket kept, as long as it lives; nil: it has none.
    private let keeping: Task<Void, Never>?
    /// How its instructions are executed; nil: an earlier version has started it, and has not noted that.
    public let accelerator: Accelerator?
    /// Whether its QEMU runs as a user of its own.
    public let isIsolated: Bool
    /// MiB; nil: an earlier version has started it, and has not noted that.
    public let memory: Int?

    init(
        folder: MachineFolder, record: MachineRecord, at endpoint: Job.Builder.Endpoint,
        monitor: MonitorConnection
    ) {
        self.folder = folder
        self.endpoint = endpoint
        self.hostKeys = record.hostKeys
        channel = SSHTaskChannel(
            SSHDestination(
                endpoint: endpoint, user: user, identity: FilePath(record.identity), folder: folder.path))
        self.monitor = monitor
        meter =
            record.hasNetwork == false
            ? nil : EmulatorProcess(folder: folder).identify().flatMap { NetworkMeter(of: $0) }
        keeping = record.socket.map { socket in
            Task {
                await KeptSocket(socket, of: folder).keepAgain { monitor.isOpen }
            }
        }
        accelerator = record.accelerator
        isIsolated = record.isIsolated ?? false
        memory = record.memory
    }

    deinit {
        keeping?.cancel()
    }

    /// What it has sent and received so far, also after its end; nil: it has no network that counts.
    public var traffic: NetworkTraffic? {
        get async { await meter?.read() }
    }

    /// Waits until the builder's SSH server answers, shows the pinned key, and lets the runner in.
    ///
    /// Throws `ended` as soon as the machine is gone, and `notReady` at the deadline.
    public func waitUntilReady(before deadline: ContinuousClock.Instant) async throws(MachineError) {
        try await explaining { () async throws(MachineError) in
            try await channel.waitUntilReady(before: deadline, isUp: isUp(), while: { monitor.isOpen })
        }
    }

    /// Waits until the builder's SSH server answers: for who cannot log in. Throws as ``waitUntilReady(before:)``.
    public func waitUntilAnswering(before deadline: ContinuousClock.Instant) async throws(MachineError) {
        try await explaining { () async throws(MachineError) in
            try await channel.waitUntilAnswering(before: deadline, isUp: isUp(), while: { monitor.isOpen })
        }
    }

    /// Our images say on the console that they are on the network. Others are looked at from the beginning, or, where a look
    /// costs much, when ours would have said it.
    private func isUp() -> () -> Bool? {
        let start = ContinuousClock.now
        let patience = accelerator == .tcg ? Duration.seconds(15) : .zero
        return { [folder] in
            if folder.console.saysThatNetworkIsUp { return true }
            return start.duration(to: .now) < patience ? false : nil
        }
    }

    /// Adds what the machine's console says to an error.
    private func explaining(_ wait: () async throws(MachineError) -> Void) async throws(MachineError) {
        do throws(MachineError) {
            try await wait()
        } catch  where error.code == .ended {
            await folder.console.waitUntilComplete()
            throw MachineError(.ended, detail: folder.console.lastLines)
        } catch  where error.code == .notReady {
            throw MachineError(.notReady, detail: folder.console.lastLines)
        }
    }

    /// Returns when the machine is gone, or when the calling task is cancelled.
    public func waitUntilEnded() async {
        await monitor.waitUntilClosed()
    }

    /// Whether the machine has not ended yet.
    public var isAlive: Bool { monitor.isOpen }

    /// Ends the machine at once, and returns when only its console's log is left.
    public func end() async {
        let process = EmulatorProcess(folder: folder)
        let identified = process.identify()
        try? await monitor.execute("quit")
        if let identified {
            await process.waitUntilGone(identified, gracePeriod: .seconds(5))
        }
        keeping?.cancel()
        await keeping?.value
        folder.removeTraces()
    }
}
