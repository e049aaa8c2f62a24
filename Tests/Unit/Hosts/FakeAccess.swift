import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Synchronization

@testable import Hosts

/// Machines that only note what is done on them.
final class FakeAccess: HostAccess {
    struct State {
        var done: [String] = []
        /// What fails, as `admit a`.
        var broken: Set<String> = []
        /// How far the reset of a machine is, if it does not end at once.
        var resets: [String: ResetProgress] = [:]
        /// errno(3) of what fails.
        var code: Int32?
    }
    let state = Mutex(State())
    /// Is called while something is done.
    let meanwhile: @Sendable (String) async -> Void

    init(_ meanwhile: @escaping @Sendable (String) async -> Void = { _ in }) {
        self.meanwhile = meanwhile
    }

    private func done(_ what: String, _ host: SSHHost) async throws(AllocatorFailure) {
        await meanwhile("\(what) \(host.name)")
        let (isBroken, code) = state.withLock {
            $0.done.append("\(what) \(host.name)")
            return ($0.broken.contains("\(what) \(host.name)"), $0.code)
        }
        var failure = AllocatorFailure("\(host.name): \(what) does not work")
        failure.code = code
        if isBroken { throw failure }
    }

    func admit(_ keys: [String], to host: SSHHost) async throws(AllocatorFailure) {
        try await done("admit", host)
    }
    func withdraw(from host: SSHHost) async throws(AllocatorFailure) { try await done("withdraw", host) }
    func clean(_ host: SSHHost, _ command: String) async throws(AllocatorFailure) {
        try await done("clean", host)
    }
    func beginReset(of host: SSHHost, _ words: [String], id: String) async throws(AllocatorFailure) {
        await meanwhile("reset \(host.name)")
        state.withLock { $0.done.append("reset \(host.name)") }
    }
    func reset(of name: String, id: String) async throws(AllocatorFailure) -> ResetProgress {
        state.withLock { state in
            if let progress = state.resets[name] {
                // The next one is another.
                if progress != .running { state.resets[name] = nil }
                return progress
            }
            return state.broken.contains("reset \(name)")
                ? .failed("\(name): reset does not work") : .succeeded
        }
    }
    func output(ofReset name: String, after offset: Int) -> [UInt8] {
        Array("halfway\n".utf8.dropFirst(offset))
    }

    func takeDone() -> [String] {
        state.withLock { state in
            defer { state.done = [] }
            return state.done
        }
    }

    func breaks(_ what: String..., code: Int32? = nil) {
        state.withLock {
            $0.broken = Set(what)
            $0.code = code
        }
    }
    func resets(_ name: String, are progress: ResetProgress) {
        state.withLock { $0.resets[name] = progress }
    }

    /// With an allocator that has these machines, and a folder of its own.
    ///
    /// - Parameter patience: how long it waits for resets; nil: as long as ever.
    static func with(
        _ hosts: [SSHHost], _ access: FakeAccess = FakeAccess(), clock: FakeClock = FakeClock(),
        patience: Duration? = nil, _ body: (HostsAllocator, FakeAccess) async throws -> Void
    ) async throws {
        let path = NSTemporaryDirectory() + "hosts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var allocator = HostsAllocator(
            hosts, try StateFolder(path), access, now: { clock.now }, said: { clock.say($0) })
        allocator.interval = .milliseconds(1)
        if let patience { (allocator.patience, allocator.releasePatience) = (patience, patience) }
        try await body(allocator, access)
    }
}

/// A clock that is set, and the log beside it.
final class FakeClock: Sendable {
    private let state = Mutex((now: Date(), said: [String]()))
    var now: Date { state.withLock { $0.now } }
    var said: [String] { state.withLock { $0.said } }

    func advance(by seconds: Double) { state.withLock { $0.now += seconds } }
    func say(_ line: String) { state.withLock { $0.said.append(line) } }
}

extension AllocatorWire.Release {
    static func of(_ allocation: String, entered: Bool = false) -> AllocatorWire.Release {
        .init(allocation: allocation, data: nil, entered: entered)
    }
}
