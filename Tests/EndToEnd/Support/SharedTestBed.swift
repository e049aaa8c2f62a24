import Glibc
import TestBed

/// The only test bed of this test run: the first test that needs it starts it, and it ends with the process.
actor SharedTestBed {
    static let shared = SharedTestBed()

    private var starting: Task<TestBed, any Error>?

    /// Alice and Bob have a key each; the service does not know them until a test adds their keys.
    static func get() async throws -> TestBed { try await shared.get() }

    private func get() async throws -> TestBed {
        if let starting { return try await starting.value }
        let task = Task { try await Self.start() }
        starting = task
        return try await task.value
    }

    private static func start() async throws -> TestBed {
        let (testBeds, continuation) = AsyncThrowingStream<TestBed, any Error>.makeStream()
        Task {
            do {
                try await TestBed.with(settings) { testBed in
                    for person in ["alice", "bob"] {
                        let added = try await Operator(testBed: testBed).addKey(of: person)
                        guard added.status == 0 else {
                            throw TestBedError("no key was added", log: "\(added)")
                        }
                    }
                    continuation.yield(testBed)
                    // The helper ends the test bed when this process has ended.
                    while true { try await Task.sleep(for: .seconds(3600)) }
                }
            } catch {
                continuation.finish(throwing: error)
            }
        }
        for try await testBed in testBeds { return testBed }
        throw TestBedError("the test bed ended at once")
    }

    /// Seconds for which builders are kept.
    static let keep = 900

    private static var settings: TestBedSettings {
        var settings = TestBedSettings(
            programs: Repository.programs, images: Repository.images, dropIn: Repository.dropIn,
            gateways: Gateway.allCases, people: ["alice", "bob", "carol", "mallory"], owner: getuid(),
            ownerGroup: getgid())
        settings.keep = keep
        settings.lease = 3
        // All suites together take less.
        settings.maxLife = 3600
        settings.memory = 256
        settings.slots = 12
        settings.clientAliveInterval = 1
        return settings
    }
}

/// The paths of this checkout.
enum Repository {
    static let root = String(
        #filePath.prefix(#filePath.count - "/Tests/EndToEnd/Support/SharedTestBed.swift".count))
    /// Those that are shipped, unless the environment names others.
    static let programs = getenv("SALLYPORT_PROGRAMS").map { String(cString: $0) } ?? root + "/.build/release"
    static let images = root + "/.build/images"
    static let dropIn = root + "/sshd_config.d/50-sallyport.conf"
}
