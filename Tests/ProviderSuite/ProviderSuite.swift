import BuildAPI
import FoundationEssentials
public import Provider
import Synchronization

/// What every provider has to do, whatever its machines are.
public struct ProviderSuite: Sendable {
    /// What a provider did not do.
    public struct Fault: Error, CustomStringConvertible {
        public let description: String
    }

    private let image: String
    private let runsTasks: Bool
    private let makeProvider: @Sendable () async throws -> any BuilderProvider

    /// - Parameters:
    ///   - image: what the requests name.
    ///   - runsTasks: whether its machines can run any script.
    ///   - makeProvider: makes a provider that knows nothing of the one before, as after `kill -9`.
    public init(
        image: String, runsTasks: Bool = true,
        makeProvider: @escaping @Sendable () async throws -> any BuilderProvider
    ) {
        self.image = image
        self.runsTasks = runsTasks
        self.makeProvider = makeProvider
    }

    /// Runs all of it, with the jobs 1 to 4.
    public func run() async throws {
        try await aMachineFromItsAllocationToItsRelease()
        try await anAllocationThatNeverReturned()
        try await aCancelledAllocation()
    }

    private func request(_ job: Int) -> BuilderRequest {
        let id = JobID("\(job)")!
        return BuilderRequest(
            allocation: AllocationID(for: id), job: id, owner: .person(Person(id: "1", name: "alice")),
            pool: "pool",
            image: image, hostNames: ["job-\(job)"], life: 300, longestLife: 600, grace: 30)
    }

    private static func allocation(
        _ request: BuilderRequest, _ builder: (any AllocatedBuilder)? = nil
    ) -> Allocation {
        Allocation(
            id: request.allocation, job: request.job, pool: request.pool, data: builder?.data,
            until: builder?.until)
    }

    private func check(_ isTrue: Bool, _ sentence: String) throws {
        if !isTrue { throw Fault(description: sentence) }
    }

    // MARK: The cases

    /// How a machine is reached.
    private struct Reach: Equatable {
        var endpoint: Job.Builder.Endpoint
        var user: String
        var hostKeys: [String]

        /// - Parameter firstKeys: those that it has shown first, if nobody has named any before.
        init(_ builder: any AllocatedBuilder, firstKeys: [String]? = nil) {
            (endpoint, user) = (builder.endpoint, builder.user)
            hostKeys = firstKeys ?? builder.hostKeys
        }
    }

    private func aMachineFromItsAllocationToItsRelease() async throws {
        let request = request(1)
        do {
            let (allocation, reach) = try await aMachineIsUsed(request)
            // Its provider is gone now, as after `kill -9`.
            try await itIsFoundAndReleased(allocation, reach)
        } catch {
            try? await makeProvider().release(Self.allocation(request), entered: false)
            throw error
        }
        let allocation = Self.allocation(request)
        try await makeProvider().release(allocation, entered: true)
        try check(await makeProvider().reattach(allocation) == nil, "it is found after its release")
    }

    private func aMachineIsUsed(_ request: BuilderRequest) async throws -> (Allocation, Reach) {
        let builder = try await makeProvider().allocate(request) { _ in }
        let ready = try await builder.waitUntilReady(within: 120)
        let reach = Reach(builder, firstKeys: ready.firstKeys)
        try check(!reach.user.isEmpty, "nobody can reach it")
        try check(!reach.hostKeys.isEmpty, "it has no host key")
        try check(
            builder.data?.utf8.count ?? 0 <= Allocation.longestData, "its provider's note is too long")
        if runsTasks { try await runTask(in: builder) }
        try await builder.channel.setDeadline(secondsFromNow: 300)
        return (Self.allocation(request, builder), reach)
    }

    private func itIsFoundAndReleased(_ allocation: Allocation, _ reach: Reach) async throws {
        let provider = try await makeProvider()
        guard let found = await provider.reattach(allocation) else {
            throw Fault(description: "a later provider does not find it")
        }
        try check(Reach(found) == reach, "a later provider finds another machine")
        if runsTasks {
            let (text, status) = try await output(of: "hello", in: found, from: 2)
            try check(text == "llo\n" && status == 3, "after a restart its output is \"\(text)\", \(status)")
        }
        // Another allocation of the same job leaves it alone.
        let other = Allocation(id: AllocationID(for: allocation.job), job: allocation.job, pool: "pool")
        try await provider.release(other, entered: false)
        _ = try await found.waitUntilReady(within: 20)
        async let end: Void = found.waitUntilEnded()
        try await provider.release(allocation, entered: true)
        await end
        try await provider.release(allocation, entered: true)
    }

    private func runTask(in builder: any AllocatedBuilder) async throws {
        let script = "#!/bin/sh\necho hello\nexit 3\n"
        let workload = Workload(
            environment: [.init(name: "A", value: "it's")], tasks: [.init(name: "hello", text: script)])
        // Twice, as after a broken connection.
        for _ in 1...2 { try await builder.channel.prepare(workload) }
        for _ in 1...2 { try await builder.channel.startTask("hello") }
        let (text, status) = try await output(of: "hello", in: builder, from: 0)
        try check(text == "hello\n" && status == 3, "the task's output is \"\(text)\", its status \(status)")
    }

    private func output(
        of task: String, in builder: any AllocatedBuilder, from offset: Int
    ) async throws -> (String, Int) {
        let bytes = Mutex<[UInt8]>([])
        let outcome = try await builder.channel.follow(task: task, from: offset) { piece in
            bytes.withLock { $0 += piece }
        }
        return (String(decoding: bytes.withLock { $0 }, as: UTF8.self), outcome.exitStatus)
    }

    private func anAllocationThatNeverReturned() async throws {
        let provider = try await makeProvider()
        let allocation = Self.allocation(request(2))
        try check(await provider.reattach(allocation) == nil, "it finds a machine that there never was")
        for _ in 1...2 { try await provider.release(allocation, entered: false) }
    }

    private func aCancelledAllocation() async throws {
        for (job, waits) in [(3, 0), (4, 20)] {
            let provider = try await makeProvider()
            let request = request(job)
            let allocating = Task { try await provider.allocate(request) { _ in } }
            try await Task.sleep(for: .milliseconds(waits))
            allocating.cancel()
            let result = await allocating.result
            let allocation = Self.allocation(request, try? result.get())
            try await provider.release(allocation, entered: false)
            try check(
                await makeProvider().reattach(allocation) == nil, "a cancelled allocation has left a machine")
        }
    }
}
