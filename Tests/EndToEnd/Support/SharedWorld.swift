import Glibc
import World

/// The only test bed of this test run: the first test that needs it starts it, and it ends with the process.
actor SharedWorld {
    static let shared = SharedWorld()

    private var starting: Task<World, any Error>?

    /// Alice and Bob have a key each; the service does not know them until a test adds their keys.
    static func get() async throws -> World { try await shared.get() }

    private func get() async throws -> World {
        if let starting { return try await starting.value }
        let task = Task { try await Self.start() }
        starting = task
        return try await task.value
    }

    private static func start() async throws -> World {
        let (worlds, continuation) = AsyncThrowingStream<World, any Error>.makeStream()
        Task {
            do {
                try await World.with(settings) { world in
                    for person in ["alice", "bob"] {
                        let added = try await Operator(world: world).addKey(of: person)
                        guard added.status == 0 else { throw WorldError("no key was added", log: "\(added)") }
                    }
                    continuation.yield(world)
                    // The helper ends the world when this process has ended.
                    while true { try await Task.sleep(for: .seconds(3600)) }
                }
            } catch {
                continuation.finish(throwing: error)
            }
        }
        for try await world in worlds { return world }
        throw WorldError("the world ended at once")
    }

    private static var settings: WorldSettings {
        var settings = WorldSettings(
            programs: Repository.programs, images: Repository.images, dropIn: Repository.dropIn,
            gateways: Gateway.allCases, people: ["alice", "bob", "carol", "mallory"], owner: getuid(),
            ownerGroup: getgid())
        settings.keep = 900
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
        #filePath.prefix(#filePath.count - "/Tests/EndToEnd/Support/SharedWorld.swift".count))
    /// Those that are shipped, unless the environment names others.
    static let programs = getenv("SALLYPORT_PROGRAMS").map { String(cString: $0) } ?? root + "/.build/release"
    static let images = root + "/.build/images"
    static let dropIn = root + "/sshd_config.d/50-sallyport.conf"
}
