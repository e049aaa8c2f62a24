import BuildAPI
import Foundation
import Logging
import Provider
import Synchronization
import TestSupport

@testable import CommandBuilders

/// An allocator written in sh(1), in a folder of its own, with a provider that runs it. It is not root's.
final class TestAllocator: Sendable {
    let folder: String
    let provider: CommandProvider
    /// What it has said.
    let said = Mutex<[String]>([])

    static let hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    /// - Parameter script: the verb is `$1`; the folder is `$here`.
    init(
        _ script: String, timeout: Int = 80, _ change: (inout CommandProvider.Settings) -> Void = { _ in }
    ) throws {
        folder = NSTemporaryDirectory() + "allocator-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let program = folder + "/allocator"
        try ExecutableFile.write("#!/bin/sh\nhere=\(folder)\n\(script)\n", to: program)
        var settings = CommandProvider.Settings(
            pool: "lab", words: [program], folder: folder + "/pool", timeout: timeout,
            identity: "/nowhere/key",
            authorizedKeys: [Self.hostKey])
        settings.demandsRootsProgram = false
        settings.extendTime = .seconds(80)
        change(&settings)
        provider = try CommandProvider(settings, logger: Logger(label: "test"))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What `allocate` answers, as words of sh(1), with some members replaced.
    static func answer(_ changes: [String: Any] = [:], without: String? = nil) -> String {
        "printf '%s\\n' '\(answerText(changes, without: without))'"
    }

    static func answerText(_ changes: [String: Any] = [:], without: String? = nil) -> String {
        var members: [String: Any] = [
            "address": "192.0.2.7", "port": 2222, "user": "build", "host_keys": [hostKey],
            "until": "2099-01-01T00:00:00Z", "data": "m1",
        ]
        members.merge(changes) { $1 }
        if let without { members[without] = nil }
        let text = try? JSONSerialization.data(withJSONObject: members, options: .withoutEscapingSlashes)
        return String(decoding: text ?? Data(), as: UTF8.self)
    }

    func allocate(_ id: String = "42-a") async throws -> any AllocatedBuilder {
        try await provider.allocate(Self.request(id)) { line in self.said.withLock { $0.append(line) } }
    }

    static func request(_ id: String) -> BuilderRequest {
        BuilderRequest(
            allocation: AllocationID(id)!, job: JobID("42")!, owner: .person(Person(id: "7", name: "alice")),
            pool: "lab",
            arch: .arm64, tags: ["gpu"], image: "", hostNames: ["job-42"], life: 600, longestLife: 3600,
            grace: 60)
    }

    static func allocation(_ id: String = "42-a", data: String? = nil, until: Date? = nil) -> Allocation {
        Allocation(id: AllocationID(id)!, job: JobID("42")!, pool: "lab", data: data, until: until)
    }

    func text(of name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    /// The same, once it contains that; throws what there is after a minute.
    func text(of name: String, containing part: String) async throws -> String {
        struct Missing: Error {
            let text: String?
        }

        let end = ContinuousClock.now + .seconds(60)
        while true {
            let text = try? text(of: name)
            if let text, text.contains(part) { return text }
            guard ContinuousClock.now < end else { throw Missing(text: text) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
