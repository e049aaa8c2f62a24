import AuthorizedKeys
import Foundation
import Testing

@testable import Check

/// What of a login is decided before the forced command runs. No I/O but for files of keys.
@Suite struct LoginQuestionTests {
    @Test(
        arguments: [
            ("allowusers builds@10.0.0.0/8", "10.1.2.3", nil),
            ("allowusers builds@10.0.0.0/8", "192.0.2.7", "AllowUsers does not name builds"),
            ("allowusers b*@2001:db8::/32 root", "2001:db8::1", nil),
            ("allowusers *@192.0.2.*", "192.0.2.7", nil),
            ("denyusers *@192.0.2.0/24", "192.0.2.7", "DenyUsers *@192.0.2.0/24"),
            ("denyusers *@192.0.2.0/24", "10.0.0.1", nil),
            ("allowusers builds@!10.0.0.5,10.0.0.0/8", "10.1.2.3", nil),
            ("allowusers builds@!10.0.0.5,10.0.0.0/8", "10.0.0.5", "AllowUsers does not name builds"),
            ("denygroups p*", "10.0.0.1", "DenyGroups p*"), ("allowgroups people", "10.0.0.1", nil),
            ("allowgroups wheel", "10.0.0.1", "AllowGroups names no group of builds"), ("", "10.0.0.1", nil),
        ] as [(String, String, String?)])
    func listsCountForAnAddress(lines: String, address: String, setting: String?) {
        let lists = AccountLists(settings: EffectiveSettings(lines), account: "builds", groups: ["people"])
        #expect(lists.obstacle(from: address)?.setting == setting)
    }

    @Test(
        arguments: [
            ("ssh-ed25519", true), ("ssh-rsa", true), ("ssh-dss", false),
            ("ssh-rsa-cert-v01@openssh.com", false),
            ("ecdsa-sha2-nistp256", false),
        ])
    func whatKindsOfKeysSSHDTakes(type: String, isTaken: Bool) {
        let accepted: Set = ["ssh-ed25519", "rsa-sha2-512"]
        #expect(PresentedKey.algorithms(of: type).isDisjoint(with: accepted) != isTaken)
    }

    @Test func revokedKeysAreLinesToo() throws {
        let (one, other) = (
            KeysCommandCheckTests.key.line,
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        )
        let lines = Data("# lost laptops\n\n\(one) bob@laptop\n".utf8)
        #expect(PresentedKey.isRevoked(try PublicKey.parse(line: one).key, byLines: lines))
        #expect(!PresentedKey.isRevoked(try PublicKey.parse(line: other).key, byLines: lines))
    }

    @Test func smallRSAKeysAreRefused() async throws {
        func blob(_ bytes: Int) -> PublicKey {
            var wire: [UInt8] = []
            for field in [Array("ssh-rsa".utf8), [1, 0, 1], [0] + [UInt8](repeating: 0x80, count: bytes)] {
                wire += [0, 0, UInt8(field.count >> 8), UInt8(field.count & 255)] + field
            }
            return try! PublicKey(type: "ssh-rsa", base64: Data(wire).base64EncodedString())
        }
        let settings = EffectiveSettings("pubkeyacceptedalgorithms rsa-sha2-512\nrequiredrsasize 2048\n")
        let small = await PresentedKey(key: blob(128), settings: settings).refusal()
        #expect(small?.finding.contains("has 1024 bits") == true)
        #expect(await PresentedKey(key: blob(256), settings: settings).refusal() == nil)
        let missing = EffectiveSettings("requiredrsasize 1024\nrevokedkeys /nowhere/\n")
        #expect(
            await PresentedKey(key: blob(256), settings: missing).refusal()?.finding.contains(
                "cannot be read") == true)
    }

    @Test func aKeyIsAFileOrAFingerprint() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"
        for (name, text) in [
            ("a.pub", line + " me\n"), ("a", "-----BEGIN OPENSSH PRIVATE KEY-----\n"), ("empty", "\n"),
            ("c", "# mine\n\(line)"),
        ] {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        for name in ["a.pub", "a", "c"] {
            guard case .key(let key) = try OfferedKey("\(folder)/\(name)") else {
                Issue.record("\(name)")
                continue
            }
            #expect(key.line == line)
        }
        let fingerprint = try PublicKey.parse(line: line).key.fingerprint
        guard case .fingerprint(fingerprint) = try OfferedKey(fingerprint) else {
            Issue.record("no fingerprint")
            return
        }
        for word in [
            "SHA256:abc", "SHA256:" + String(repeating: "=", count: 43), "\(folder)/empty", "\(folder)/none",
            folder,
        ] {
            let failure = #expect(throws: OfferedKey.Failure.self) { _ = try OfferedKey(word) }
            #expect(failure?.sentence.hasPrefix(word) == true)
        }
    }

    @Test func oneLineForEachThing() {
        var answer = LoginAnswer()
        answer.steps = [.init(decider: .sshd, finding: "asks\u{1b}[2J")]
        answer.exchanges = []
        answer.rule = "a rule"
        answer.reads = "sallyport: no.\nmore\n"
        answer.status = 77
        #expect(
            answer.lines == [
                "sshd     asks?[2J", "refused  a rule", "status   77", "reads    sallyport: no.",
                "reads    more",
            ])
    }
}
