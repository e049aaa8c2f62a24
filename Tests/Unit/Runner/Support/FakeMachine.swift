import BuildAPI
import Foundation
import Provider
import Synchronization

@testable import Runner

/// A machine in memory. A script `exit N` ends with N at once, `complete-build` at once with the whole job, any other one
/// when the test says so.
final class FakeMachine: AllocatedBuilder, TaskChannel {
    let endpoint: Job.Builder.Endpoint
    let user: String
    let hostKeys: [String]
    let hasDialled: Bool
    /// Where it has been reached since, if it has dialled.
    let places = Mutex<[Job.Builder.Endpoint]>([])

    /// What its provider says about it.
    let data: String?
    let until: Date?

    /// - Parameter dialled: what it has said of itself to a gateway; nil: it can be reached.
    init(data: String? = nil, until: Date? = nil, dialled: DialledMachine? = nil) {
        self.data = data
        self.until = until
        endpoint = dialled?.endpoint ?? .address("127.0.0.1", port: 4022)
        user = dialled?.user ?? "build"
        hostKeys = dialled?.hostKeys ?? ["ssh-ed25519 AAAA"]
        hasDialled = dialled != nil
    }

    func moved(to endpoint: Job.Builder.Endpoint) { places.withLock { $0.append(endpoint) } }

    /// While that is so, its channel breaks at every attempt.
    let isUnreachable = Mutex(false)

    private func reach() throws {
        if isUnreachable.withLock({ $0 }) { throw BuilderError(.connectionLost) }
    }

    private struct State {
        var scripts: [String: String] = [:]
        var output: [String: [UInt8]] = [:]
    }

    private let state = Mutex(State())
    private let ready = Latch<Bool>()
    private let ended = Latch<Bool>()
    private let exits = Mutex<[String: Latch<Int>]>([:])
    private let receivers = Mutex<[String: @Sendable ([UInt8]) async throws -> Void]>([:])
    private let deliveries = Mutex<[Task<Void, any Error>]>([])
    let deadlines = Mutex<[Int]>([])
    /// Each list of people's keys that it has received.
    let keyLists = Mutex<[[String]]>([])
    let messages = Mutex<[[String]]>([])
    /// What happens to a list of people's keys.
    enum Admission { case done, refused, unreachable }
    let admission = Mutex(Admission.done)

    var channel: any TaskChannel { self }

    var lastDeadline: Int? { deadlines.withLock { $0.last } }

    /// Its SSH server answers.
    func boot() { ready.open(true) }

    /// It crashes.
    func crash() { ended.open(true) }

    var hasEnded: Bool { ended.value != nil }

    /// A running task writes something; returns when that has been received, or never will be.
    func write(_ text: String, by task: String) async {
        while true {
            if let receive = receivers.withLock({ $0[task] }) {
                let delivery = Task { try await receive(Array(text.utf8)) }
                deliveries.withLock { $0.append(delivery) }
                _ = await delivery.result
                return
            }
            await Task.yield()
        }
    }

    /// Its listener is gone.
    func forgetReceivers() { receivers.withLock { $0 = [:] } }

    /// A task ends.
    func finish(_ task: String, with status: Int) { exit(of: task).open(status) }

    private func exit(of task: String) -> Latch<Int> {
        exits.withLock { exits in
            if let latch = exits[task] { return latch }
            let latch = Latch<Int>()
            exits[task] = latch
            return latch
        }
    }

    /// The archives that it has unpacked.
    let unpacked = Mutex<[String]>([])
    /// Why it cannot.
    let unpacking = Mutex<BuilderError?>(nil)

    func unpack(_ archive: String, isCompressed: Bool) async throws {
        if let error = unpacking.withLock({ $0 }) { throw error }
        unpacked.withLock { $0.append(archive) }
    }

    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder {
        _ = try await ready.wait()
        return ReadyBuilder(isCertified: true)
    }

    func waitUntilEnded() async { _ = try? await ended.wait() }

    func end() { ended.open(true) }

    /// Returns when these keys are the last list it received.
    func knows(_ keys: [String]) async {
        while keyLists.withLock({ $0.last }) != keys { await Task.yield() }
    }

    func setDeadline(secondsFromNow seconds: Int) async throws { deadlines.withLock { $0.append(seconds) } }

    /// While it is not nil, the machine learns who may come in only when it opens.
    let tellHold = Mutex<Latch<Bool>?>(nil)

    func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool {
        _ = try? await tellHold.withLock { $0 }?.wait()
        switch admission.withLock({ $0 }) {
        case .unreachable: throw RunnerError(.failure, "No way in.")
        case .refused: return false
        case .done:
            keyLists.withLock { $0.append(people.keys.map(\.line)) }
            messages.withLock { $0.append(people.message) }
            return true
        }
    }

    /// What comes when files are wanted of it; the error comes after that.
    let files = Mutex<(parts: [FilePart], error: BuilderError?)>(([], nil))
    /// What was wanted.
    let wanted = Mutex<[WantedFiles]>([])
    /// While it is not nil, files come only when it opens.
    let filesHold = Mutex<Latch<Bool>?>(nil)

    func collect(
        _ wanted: WantedFiles, _ receive: @escaping @Sendable (FilePart) async throws -> Void
    ) async throws {
        self.wanted.withLock { $0.append(wanted) }
        _ = try await filesHold.withLock { $0 }?.wait()
        let (parts, error) = files.withLock { $0 }
        for part in parts {
            do {
                try await receive(part)
            } catch {
                throw BuilderError(.receiverFailed, detail: "\(error)")
            }
        }
        if let error { throw error }
    }

    /// A file of it, as it comes.
    static func file(_ name: String, _ content: String) -> [FilePart] {
        [
            .file(name: name, size: content.utf8.count), .bytes(Array(content.utf8)), .end(isWhole: true),
        ]
    }

    /// What it has been prepared for.
    let prepared = Mutex<[Workload]>([])

    func prepare(_ workload: Workload) async throws {
        prepared.withLock { $0.append(workload) }
        state.withLock { for task in workload.tasks { $0.scripts[task.name] = task.text } }
    }

    func startTask(_ name: String) async throws {
        try reach()
        let script = state.withLock { $0.scripts[name] } ?? ""
        if script == "complete-build" { exit(of: name).open(0) }
        if script.hasPrefix("exit ") { exit(of: name).open(Int(script.dropFirst(5)) ?? 0) }
    }

    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome {
        receivers.withLock { $0[name] = receive }
        return try await withTaskCancellationHandler {
            TaskOutcome(
                exitStatus: try await exit(of: name).wait(),
                completesBuild: state.withLock { $0.scripts[name] } == "complete-build")
        } onCancel: {
            deliveries.withLock { for delivery in $0 { delivery.cancel() } }
        }
    }
}

/// Opens once, with a value for everyone who waits.
final class Latch<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var next = 0
        var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
    }

    private let state = Mutex(State())

    var value: Value? { state.withLock { $0.value } }

    func open(_ value: Value) {
        let waiting = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value, any Error>]() }
            state.value = value
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }

    func wait() async throws -> Value {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Value, any Error>? = state.withLock { state in
                    if let value = state.value { return .success(value) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting[number] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }
}
