import Foundation
import SystemPackage
import Testing

@testable import QEMU
@testable import TaskChannel

/// What the tests with real machines share: an image, a key, and one machine that has booted.
enum TestMachines {
    /// The folder that `make image` made.
    static let image = FilePath(Repository.images + "/debian")

    /// A folder of its own, with a short name: sockets live in it.
    static let folder: FilePath = {
        var template = Array("/tmp/spm.XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        precondition(made != nil, "no temporary folder")
        atexit { try? FileManager.default.removeItem(atPath: TestMachines.folder.string) }
        return FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }()

    static let identity = folder.appending("identity")

    /// A specification of a machine that ends itself soon, whatever happens to the tests.
    static func specification(
        _ name: String, life: Int = 600, grace: Int = 5
    ) async throws -> MachineSpecification {
        MachineSpecification(
            folder: folder.appending(name), image: image, memory: 384, accelerator: .tcg,
            authorizedKeys: [try await publicKey.value], identity: identity, life: life, grace: grace)
    }

    private static let publicKey = Task<String, any Error> {
        let outcome = try await ShortCommand(
            program: "ssh-keygen",
            arguments: ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", identity.string]
        ).run()
        try #require(outcome.status == 0)
        let words = try String(contentsOfFile: identity.string + ".pub", encoding: .utf8).split(
            separator: " ")
        return "\(words[0]) \(words[1])"
    }

    /// Runs a command on a machine; returns what it wrote.
    static func output(
        _ command: String, on machine: Machine, tty: Bool = false
    ) async throws -> ShortCommand.Outcome {
        let arguments = machine.channel.shell.arguments(command).map { tty && $0 == "-T" ? "-tt" : $0 }
        return try await ShortCommand(program: "ssh", arguments: arguments, limit: .seconds(20)).run()
    }
}
