import NIOCore
import SystemPackage

/// A builder: a virtual machine that QEMU runs in the background.
///
/// It outlives this object and this process: `adopt` finds it again. It ends when `end` is called, when its
/// guest powers off, or by its own watchdog.
public final class Machine: Sendable {
    /// The address of its SSH server: an IP literal.
    public let address = "127.0.0.1"
    public let port: Int
    /// The host keys that its SSH server can show, `<type> <base64>`.
    public let hostKeys: [String]
    /// The user name for logging in.
    public let user = MachineSpecification.user

    let folder: MachineFolder
    let shell: SecureShell
    let monitor: MonitorConnection
    private let peopleKeys: PeopleKeys
    private let meter: NetworkMeter?
    /// How its instructions are executed; nil: an earlier version has started it, and has not noted that.
    public let accelerator: Accelerator?
    /// Whether its QEMU runs as a user of its own.
    public let isIsolated: Bool

    init(folder: MachineFolder, record: MachineRecord, monitor: MonitorConnection) {
        self.folder = folder
        self.port = record.port
        self.hostKeys = record.hostKeys
        self.shell = SecureShell(folder: folder, identity: record.identity, port: record.port)
        self.monitor = monitor
        peopleKeys = PeopleKeys(shell)
        meter = EmulatorProcess(folder: folder).identify().flatMap { NetworkMeter(of: $0) }
        accelerator = record.accelerator
        isIsolated = record.isIsolated ?? false
    }

    /// What it has sent and received so far, also after its end; nil: it has no network that counts.
    public var traffic: NetworkTraffic? {
        get async { await meter?.read() }
    }

    /// Waits until the builder's SSH server answers, shows the pinned key, and lets the runner in.
    ///
    /// Throws `ended` as soon as the machine is gone, and `notReady` at the deadline.
    public func waitUntilReady(before deadline: ContinuousClock.Instant) async throws(MachineError) {
        var timeout = 500
        while true {
            guard !Task.isCancelled else { throw MachineError(.cancelled) }
            guard monitor.isOpen else { throw await ended() }
            guard ContinuousClock.now < deadline else {
                throw MachineError(.notReady, detail: folder.console.lastLines)
            }
            // On a busy host even the banner can take long, so wait longer each time.
            if await Banner.isShown(port: port, limit: .milliseconds(Int64(timeout))) { break }
            timeout = min(timeout * 5 / 4, 5000)
            try? await Task.sleep(for: .milliseconds(50))
        }
        while true {
            do {
                return try await shell.run("true")
            } catch  where error.code == .connectionLost && ContinuousClock.now < deadline {
                guard monitor.isOpen else { throw await ended() }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func ended() async -> MachineError {
        await folder.console.waitUntilComplete()
        return MachineError(.ended, detail: folder.console.lastLines)
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
        folder.removeTraces()
    }

    /// Tells the guest's own watchdog when to end the machine: `grace` seconds after this deadline.
    public func setDeadline(secondsFromNow seconds: Int) async throws(MachineError) {
        try await shell.run("/usr/lib/sallyport/set-deadline \(max(0, seconds))")
    }

    /// Accepts exactly these people's keys, in addition to those it was made with.
    ///
    /// Tries once, and not for long, because someone is waiting.
    ///
    /// - Parameter lines: of an authorized_keys file, none of them empty. `#left SECONDS` becomes `#until UPTIME`.
    /// - Returns: whether the image has the helper that this needs.
    public func admit(_ lines: [String]) async throws(MachineError) -> Bool {
        do throws(MachineError) {
            try await peopleKeys.admit(lines)
            return true
        } catch  where error.code == .helperMissing {
            return false
        }
    }
}
