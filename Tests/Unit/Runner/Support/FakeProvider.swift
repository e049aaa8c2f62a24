import BuildAPI
import Foundation
import Provider
import Synchronization

@testable import Runner

/// Machines in memory. They outlive a runner, as real ones do.
final class FakeProvider: BuilderProvider {
    /// What happens to a request.
    enum Answer: Sendable {
        case machine
        /// It never comes, until the runner gives up.
        case silence
        /// It dials a gateway with its key.
        case dials
        case failure(AllocationFailure)
    }

    private struct State {
        var machines: [JobID: FakeMachine] = [:]
        var jobs: [AllocationID: JobID] = [:]
        var requests: [BuilderRequest] = []
        var releases: [(id: AllocationID, entered: Bool)] = []
        var extensions: [Date] = []
        var answer = Answer.machine
        var progress: [String] = []
        var onAllocate: (@Sendable (BuilderRequest) async -> Void)?
        var releaseFailures = 0
        var note = "note of"
        var until: Date?
        var extendsTo: Date?
        var keys: [AllocationID: String] = [:]
        var onMachine: (@Sendable (FakeMachine) -> Void)?
    }

    private let state = Mutex(State())
    private let bootsAlone: Bool
    let hostAuthority: (key: String, user: String)?

    /// - Parameter bootsAlone: machines are ready at once.
    init(bootsAlone: Bool = true, hostAuthority: (key: String, user: String)? = nil) {
        self.bootsAlone = bootsAlone
        self.hostAuthority = hostAuthority
    }

    // MARK: What tests say and see

    func answers(_ answer: Answer, saying progress: [String] = []) {
        state.withLock { ($0.answer, $0.progress) = (answer, progress) }
    }

    /// What it notes about machines, before the allocation's id.
    func notes(_ note: String) { state.withLock { $0.note = note } }

    /// Called for each request, before it is answered.
    func onAllocate(_ body: @escaping @Sendable (BuilderRequest) async -> Void) {
        state.withLock { $0.onAllocate = body }
    }

    /// Called with each machine, before the runner has it.
    func onMachine(_ body: @escaping @Sendable (FakeMachine) -> Void) {
        state.withLock { $0.onMachine = body }
    }

    /// That many attempts to release something fail.
    func failReleases(_ count: Int) { state.withLock { $0.releaseFailures = count } }

    /// When it takes machines back, and until when it extends that; nil: it cannot.
    func limit(until: Date, extendsTo: Date?) {
        state.withLock { ($0.until, $0.extendsTo) = (until, extendsTo) }
    }

    var requests: [BuilderRequest] { state.withLock { $0.requests } }
    var releases: [(id: AllocationID, entered: Bool)] { state.withLock { $0.releases } }
    var extensions: [Date] { state.withLock { $0.extensions } }

    /// The key with which the machine of an allocation dials.
    func attachKey(of request: BuilderRequest) -> String {
        state.withLock { $0.keys[request.allocation] } ?? ""
    }

    /// How many machines there have been.
    var count: Int { state.withLock { $0.machines.count } }

    /// The machine of a job, as soon as there is one.
    func machine(of job: String) async -> FakeMachine {
        while true {
            if let machine = state.withLock({ $0.machines[JobID(job)!] }) { return machine }
            await Task.yield()
        }
    }

    /// The request that is answered next, as soon as there are that many.
    func request(_ number: Int) async -> BuilderRequest {
        while true {
            if let request = state.withLock({ $0.requests.dropFirst(number - 1).first }) { return request }
            await Task.yield()
        }
    }

    // MARK: What the runner asks

    func attachKey(for allocation: AllocationID) async throws -> String? {
        state.withLock { state in
            guard case .dials = state.answer else { return nil }
            if let key = state.keys[allocation] { return key }
            // A blob of RFC 8709, with another last byte each time.
            let name = Array("ssh-ed25519".utf8)
            let blob = [0, 0, 0, 11] + name + [0, 0, 0, 32] + [UInt8](repeating: 7, count: 31)
            let key = "ssh-ed25519 \(Data(blob + [UInt8(state.keys.count)]).base64EncodedString())"
            state.keys[allocation] = key
            return key
        }
    }

    func allocate(
        _ request: BuilderRequest, progress: @escaping @Sendable (_ line: String) -> Void
    ) async throws -> any AllocatedBuilder {
        let (answer, lines, body) = state.withLock { state in
            state.requests.append(request)
            return (state.answer, state.progress, state.onAllocate)
        }
        await body?(request)
        for line in lines { progress(line) }
        switch answer {
        case .failure(let failure): throw failure
        case .silence:
            _ = try await Latch<Bool>().wait()
            throw CancellationError()
        case .machine, .dials:
            var dialled: DialledMachine?
            if case .dials = answer { dialled = try await request.arrival?() }
            let (note, until) = state.withLock { ($0.note, $0.until) }
            let machine = FakeMachine(
                data: "\(note) \(request.allocation)", until: until, dialled: dialled)
            state.withLock { state in
                state.machines[request.job] = machine
                state.jobs[request.allocation] = request.job
            }
            state.withLock { $0.onMachine }?(machine)
            if bootsAlone { machine.boot() }
            return machine
        }
    }

    func reattach(_ allocation: Allocation) async -> (any AllocatedBuilder)? {
        let machine = state.withLock { state in
            state.jobs[allocation.id].flatMap { state.machines[$0] }
        }
        return machine.flatMap { $0.hasEnded || $0.data != allocation.data ? nil : $0 }
    }

    func extend(_ allocation: Allocation, until moment: Date) async throws -> Date? {
        let granted = state.withLock { state in
            state.extensions.append(moment)
            return state.extendsTo
        }
        guard let granted else { throw BuilderError(.commandFailed, detail: "cannot") }
        return min(granted, moment)
    }

    func release(_ allocation: Allocation, entered: Bool) async throws {
        let (machine, fails) = state.withLock { state in
            state.releases.append((allocation.id, entered))
            guard state.releaseFailures == 0 else {
                state.releaseFailures -= 1
                return (nil as FakeMachine?, true)
            }
            return (state.jobs[allocation.id].flatMap { state.machines[$0] }, false)
        }
        if fails { throw BuilderError(.commandFailed, detail: "the power switch does not answer") }
        machine?.end()
    }
}
