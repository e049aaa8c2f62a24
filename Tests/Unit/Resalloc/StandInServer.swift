import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Synchronization
import TestSupport

@testable import Resalloc

/// The stand-in for resalloc, with a folder of its own: see Tests/Resalloc.
final class StandInServer: Sendable {
    let folder: String
    private let lines = Mutex<[String]>([])
    /// What the allocators have said.
    var said: [String] { lines.withLock { $0 } }

    init() throws {
        folder = NSTemporaryDirectory() + "resalloc-\(UUID().uuidString)"
        for path in ["/machines", "/tickets"] {
            try FileManager.default.createDirectory(
                atPath: folder + path, withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// - Parameter data: what is known of it.
    func add(_ machine: String, _ data: String, tags: String = "builder") throws {
        try "\(tags)\n\(data)".write(
            toFile: "\(folder)/machines/\(machine)", atomically: true, encoding: .utf8)
    }

    func begin(_ fault: String) {
        _ = FileManager.default.createFile(atPath: "\(folder)/\(fault)", contents: nil)
    }
    func end(_ fault: String) { try? FileManager.default.removeItem(atPath: "\(folder)/\(fault)") }

    /// The tickets that nobody has closed, as `resalloc-maint ticket-list` prints them.
    func openTickets() throws -> [String] {
        let process = Process()
        process.executableURL = Project.root.appending(path: "Tests/Resalloc/resalloc-maint")
        process.arguments = ["--folder", folder, "ticket-list"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }

    /// What is stored about a ticket.
    func ticket(_ number: Int) throws -> String {
        try String(contentsOfFile: "\(folder)/tickets/\(number)", encoding: .utf8)
    }

    /// How many there were, with those that are closed.
    var ticketCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder + "/tickets").count) ?? 0
    }

    /// An allocator that knows nothing of the ones before, as after `kill -9`.
    func allocator(
        _ access: any MachineAccess = FakeAccess(), knownHosts: String? = nil
    ) throws -> ResallocAllocator {
        let pool = ResallocFile.Pool(
            tags: ["builder"], user: "root", identity: "/nowhere/key", knownHosts: knownHosts)
        let file = ResallocFile(
            state: folder + "/state", program: Project.root.appending(path: "Tests/Resalloc/resalloc").path(),
            connection: "file://\(folder)", pools: ["lab": pool, "other": pool],
            architectures: ["arm64": ["aarch64"]])
        var allocator = ResallocAllocator(file, try StateFolder(file.state), access) { line in
            self.lines.withLock { $0.append(line) }
        }
        allocator.rests = [.milliseconds(5)]
        allocator.interval = .milliseconds(1)
        allocator.glance = .milliseconds(5)
        // The machine may be busy.
        allocator.hurry = .seconds(300)
        allocator.client.limit = .seconds(300)
        return allocator
    }

    /// Returns when an allocator has said a line that contains these words.
    func wait(for words: String) async throws {
        try await wait { self.said.contains { $0.contains(words) } }
    }

    /// Returns when something is so.
    func wait(until isSo: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while try !isSo() {
            guard ContinuousClock.now < deadline else { throw NotSo(said: said) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    struct NotSo: Error {
        var said: [String]
    }
}

/// Machines that only note who is let in.
final class FakeAccess: MachineAccess {
    /// Machine, user and keys of each attempt.
    let admitted = Mutex<[String]>([])
    /// Whether nobody is let in.
    let isBroken = Mutex(false)
    let hostKeys: [String]

    init(hostKeys: [String] = []) { self.hostKeys = hostKeys }

    func admit(
        _ keys: [String], to machine: ResallocState.Machine, as pool: ResallocFile.Pool, of allocation: String
    ) async throws(AllocatorFailure) -> [String] {
        admitted.withLock {
            $0.append("\(pool.user)@\(machine.address):\(machine.port) \(keys.joined(separator: ","))")
        }
        guard !isBroken.withLock({ $0 }) else {
            throw AllocatorFailure("\(machine.name): Permission denied (publickey). (status 255)")
        }
        return hostKeys
    }

    func forget(_ allocation: String) {}
}

extension AllocatorWire.Allocate {
    static func some(
        _ allocation: String, pool: String = "lab", arch: String? = nil, tags: [String] = []
    ) -> AllocatorWire.Allocate {
        .init(
            allocation: allocation, job: "42", owner: .init(id: "1", name: "alice"), pool: pool, arch: arch,
            tags: tags, lifetime: 600, authorizedKeys: ["ssh-ed25519 A"])
    }
}

extension AllocatorWire.Release {
    static func of(_ allocation: String, data: String? = nil) -> AllocatorWire.Release {
        .init(allocation: allocation, data: data, entered: false)
    }
}
