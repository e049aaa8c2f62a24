import BuildAPI
import FoundationEssentials
import NIOCore
import NIOHTTP1
import TestBed

/// People and jobs, as an operator makes them.
extension RunnerConnection {
    /// Makes a person with a key that nobody can log in with.
    func addPerson(_ name: String) async throws -> Key {
        let type = "ssh-ed25519"
        // RFC 8709, section 4.
        let random = (1...32).map { _ in UInt8.random(in: 0...255) }
        let blob = [0, 0, 0, 11] + Array(type.utf8) + [0, 0, 0, 32] + random
        return try await addKey("\(type) \(Data(blob).base64EncodedString())", of: name)
    }

    /// - Parameter line: as in a `.pub` file.
    func addKey(_ line: String, of name: String) async throws -> Key {
        try await value(.POST, "/v1/keys", .json(NewKey(owner: name, key: line)))
    }

    func submit(_ manifest: String, owner: String) async throws -> Job {
        try await value(.POST, "/v1/jobs?owner=\(owner)", .manifest(manifest))
    }

    func cancel(_ job: JobID) async throws {
        let _: Job = try await value(.POST, "/v1/jobs/\(job)/cancel")
    }

    func endBuilder(of job: JobID) async throws {
        let _: Job = try await value(.DELETE, "/v1/jobs/\(job)/builder")
    }

    /// A failed job whose builder is kept.
    func keptJob(owner: String, image: String = Scratch.image) async throws -> JobID {
        let job = try await submit(Self.manifest("exit 1", image: image), owner: owner)
        // The job's own log ends when the job has.
        let log = try await Self.with(socket) {
            try await $0.exchange(.GET, "/v1/jobs/\(job.id)/logs/setup?follow=true")
        }
        // A real builder can boot for longer than a connection can be idle.
        let ended: Job = try await Self.with(socket) { try await $0.value(.GET, "/v1/jobs/\(job.id)") }
        guard ended.status == .failed, ended.builder != nil else {
            throw TestBedError("the builder of job \(job.id) is not kept", log: String(buffer: log.body))
        }
        return job.id
    }

    /// A manifest with one task, `task`.
    ///
    /// - Parameter size: how many bytes it has at least; what is added to the script are comments.
    static func manifest(_ script: String, size: Int = 0, image: String = Scratch.image) -> String {
        let line = "      # \(String(repeating: "abcdefgh ", count: 8))\n"
        return "image: \(image)\ntasks:\n  - task: |\n      \(script)\n"
            + String(repeating: line, count: (size + line.utf8.count - 1) / line.utf8.count)
    }
}
