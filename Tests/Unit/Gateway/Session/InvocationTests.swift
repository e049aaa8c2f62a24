import AuthorizedKeys
import FoundationEssentials
import Testing

@testable import Gateway

/// What sallyport-shell believes of the way it was started.
@Suite struct InvocationTests {
    static let line = "AAAAC3NzaC1lZDI1NTE5AAAAIBw1MsUmHKblYvm80rCBXBjk4cyPSKFl7T5BJKBvdLOd"
    static let other = "AAAAC3NzaC1lZDI1NTE5AAAAIBw1MsUmHKblYvm80rCBXBjk4cyPSKFl7T5BJKBvdLOe"
    static let program = "/usr/local/libexec/sallyport/sallyport-shell"

    @Test func theForcedCommandIsTakenFromArgumentsOrFromMinusC() throws {
        let key = try PublicKey(type: "ssh-ed25519", base64: Self.line)
        let arguments = [Self.program, "--key", "ssh-ed25519", Self.line]
        for started in [arguments, [Self.program, "-c", "exec " + arguments.joined(separator: " ")]] {
            guard case .forced(let command) = Invocation(arguments: started) else {
                Issue.record("\(started) was not taken")
                continue
            }
            #expect(command.key == key)
        }
    }

    @Test(arguments: [
        [program], [program, "-c"], [program, "-c", ""], [program, "-c", "sh"], [program, "--key"],
        [program, "-c", "exec \(program) --key ssh-ed25519 \(line)", "more"],
        [program, "-c", "exec \(program) --key ssh-ed25519 \(line); id"],
        [program, "-c", "exec \(program) --key ssh-ed25519  \(line)"],
        [program, "-c", " exec \(program) --key ssh-ed25519 \(line)"],
        [program, "-c", "exec \(program) --key ssh-rsa \(line)"],
        [program, "-c", "exec relative --key ssh-ed25519 \(line)"],
        [],
    ]) func nothingElseIs(arguments: [String]) {
        #expect(Invocation(arguments: arguments) == .other)
    }

    @Test(arguments: [
        ("publickey ssh-ed25519 \(line)\n", true), ("publickey ssh-ed25519 \(other)\n", false),
        ("password\npublickey ssh-ed25519 \(line)\n", true), ("hostbased ssh-ed25519 \(line)\n", false),
        ("publickey ssh-rsa \(line)\n", false), ("publickey ssh-ed25519 \(line) more\n", false), ("", false),
    ])
    func onlyTheKeyThatAuthenticatedIsBelieved(text: String, isBelieved: Bool) throws {
        let key = try PublicKey(type: "ssh-ed25519", base64: Self.line)
        #expect(UserAuthentication(text: text).credentials.contains { $0.key == key } == isBelieved)
    }

    @Test(arguments: [(0o600, true), (0o640, false), (0o602, false)])
    func theFileMustBeAsSshdMakesIt(mode: Int, isBelieved: Bool) throws {
        let key = try PublicKey(type: "ssh-ed25519", base64: Self.line)
        let path = FileManager.default.temporaryDirectory.path + "/sallyport-test-\(UUID())"
        try Data("publickey ssh-ed25519 \(Self.line)\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        do throws(Refusal) {
            try UserAuthentication.verify(key, file: path)
            #expect(isBelieved)
        } catch {
            #expect(!isBelieved && error.status == .misconfigured)
        }
    }

    @Test func withoutTheFileNobodyIsBelieved() throws {
        let key = try PublicKey(type: "ssh-ed25519", base64: Self.line)
        #expect(throws: Refusal.self) { try UserAuthentication.verify(key, file: nil) }
        #expect(throws: Refusal.self) { try UserAuthentication.verify(key, file: "/dev/null") }
    }
}
