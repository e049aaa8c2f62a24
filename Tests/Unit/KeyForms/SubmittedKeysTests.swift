import AuthorizedKeys
import Foundation
import Testing

@testable import KeyForms

/// Whatever people send as their key is taken, or called by its form.
@Suite struct SubmittedKeysTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"
    private static let blob = String(key.dropFirst(12))
    private static let other =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpDORu5S+8DioM1UuYWrsS9hjW9Hwv4Zb5glj5crSzs"

    private static func utf16(_ text: String, mark: [UInt8] = [], bigEndian: Bool = false) -> [UInt8] {
        mark
            + text.utf16.flatMap {
                bigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)]
            }
    }

    static let taken: [(what: String, bytes: [UInt8])] = [
        ("a line", Array("\(key) alice@home\n".utf8)), ("CRLF", Array("\(key)\r\n".utf8)),
        ("a mark", [0xef, 0xbb, 0xbf] + Array(key.utf8)),
        ("a comment before it", Array("# mine\n\n  \(key)\n".utf8)),
        ("quotes", Array("\"\(key)\"".utf8)), ("the blob alone", Array(blob.utf8)),
        ("UTF-16", utf16(key, mark: [0xff, 0xfe])),
        ("UTF-16, big end first", utf16(key, mark: [0xfe, 0xff], bigEndian: true)),
        ("UTF-16 without a mark", utf16(key + "\r\n")),
        ("broken in two", Array("\(key.prefix(40))\n\(key.dropFirst(40)) alice\n".utf8)),
        (
            "broken in three, after the type",
            Array("ssh-ed25519\n\(blob.prefix(30))\n  \(blob.dropFirst(30))\n".utf8)
        ),
        ("twice", Array("\(key) a\n\(key) b\n".utf8)),
        (
            "RFC 4716",
            Array(
                """
                ---- BEGIN SSH2 PUBLIC KEY ----
                Comment: "alice's key, which has a very long \\
                comment"
                Subject: alice
                \(blob.prefix(40))
                \(blob.dropFirst(40))
                ---- END SSH2 PUBLIC KEY ----
                """.utf8)
        ),
    ]

    @Test(arguments: taken) func everyFormOfTheKeyIsTaken(what: String, bytes: [UInt8]) throws {
        let keys = try SubmittedKeys(bytes).keys
        #expect(keys.map(\.key.line) == [Self.key], "\(what)")
    }

    @Test func severalKeysAreTakenTogether() throws {
        let keys = try SubmittedKeys("\(Self.key) a\n\n\(Self.other)\n".utf8).keys
        #expect(keys.map(\.line) == ["\(Self.key) a", Self.other])
        #expect(throws: KeyFormError.tooMany(1)) {
            try SubmittedKeys.one(in: "\(Self.key)\n\(Self.other)".utf8)
        }
    }

    static let refused: [(String, KeyFormError)] = [
        ("", .none), ("\n# nothing\n", .none), ("hello", .unknown(line: 1)),
        ("\n\nhello there", .unknown(line: 3)),
        ("\(key)\nrubbish", .unknown(line: 2)),
        ("no-pty,from=\"10.0.0.1\" \(key)", .options(line: 1)), ("restrict \(key)", .options(line: 1)),
        ("builds.example.org \(key)", .knownHosts(line: 1)),
        ("@cert-authority *.x \(key)", .knownHosts(line: 1)),
        ("|1|abc=|def= \(key)", .options(line: 1)),
        ("SHA256:0zj82Pf3zkTWbhD", .fingerprint), ("256 SHA256:0zj82Pf3zk alice (ED25519)", .fingerprint),
        ("~/.ssh/id_ed25519.pub", .fileName), ("id_ed25519.pub", .fileName), ("C:\\keys\\id", .fileName),
        ("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n", .pem),
        ("-----BEGIN RSA PUBLIC KEY-----\n", .pemRSA),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", .x509), ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n", .pgp),
        ("age1qyqszqgpqyqszqgpqyqszqgpqyqszqgp", .age), ("<!DOCTYPE html>\n<p>", .page),
        ("\u{1}\u{2}ELF", .binary),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----", .brokenBlock),
        ("---- BEGIN SSH2 PUBLIC KEY ----\n\(blob)", .brokenBlock),
        (
            "ssh-dss AAAAB3NzaC1kc3MAAAABBwAAAAEHAAAAAQcAAAABBw==",
            .unusable(line: 1, "DSA is no longer accepted")
        ),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQc=", .damaged(line: 1, "a part is missing")),
        ("ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAEH", .unusable(line: 1, "sshd does not know its type")),
        (
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAACQCAAAAAAAAAAQ==",
            .unusable(line: 1, "RSA with 64 bits is too short")
        ),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAABAgAAAAkAgAAAAAAAAAE=", .damaged(line: 1, "a part is missing")),
    ]

    @Test(arguments: refused) func whatIsNoKeyIsNamed(text: String, error: KeyFormError) {
        #expect(throws: error) { try SubmittedKeys(text.utf8) }
        #expect(!error.isPrivate)
    }

    /// A key of these fields.
    private static func line(_ type: String, _ fields: [[UInt8]]) -> String {
        let blob = ([Array(type.utf8)] + fields).flatMap { field in
            withUnsafeBytes(of: UInt32(field.count).bigEndian, Array.init) + field
        }
        return "\(type) \(Data(blob).base64EncodedString())"
    }

    /// The curve's base point (SP 800-186).
    private static let point: [UInt8] =
        [4]
        + [
            0x6b17_d1f2_e12c_4247, 0xf8bc_e6e5_63a4_40f2, 0x7703_7d81_2deb_33a0, 0xf4a1_3945_d898_c296,
            0x4fe3_42e2_fe1a_7f9b, 0x8ee7_eb4a_7c0f_9e16, 0x2bce_3357_6b31_5ece, 0xcbb6_4068_37bf_51f5,
        ].flatMap { (word: UInt64) in withUnsafeBytes(of: word.bigEndian, Array.init) }

    @Test func aKeyHasTheStructureOfItsType() {
        func isTaken(_ type: String, _ fields: [[UInt8]]) -> Bool {
            (try? SubmittedKeys(Self.line(type, fields).utf8)) != nil
        }
        let (curve, application) = (Array("nistp256".utf8), Array("ssh:".utf8))
        let (p256, sk256) = ("ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com")
        #expect(isTaken(p256, [curve, Self.point]) && isTaken(sk256, [curve, Self.point, application]))
        // Beside the curve, beyond its numbers, compressed, and of another curve.
        #expect(!isTaken(p256, [curve, Self.point.dropLast() + [0xf4]]))
        #expect(!isTaken(sk256, [curve, Self.point.dropLast() + [0xf4], application]))
        #expect(!isTaken(p256, [curve, [4] + [UInt8](repeating: 0xff, count: 64)]))
        #expect(!isTaken(p256, [curve, [3] + Self.point.dropFirst().prefix(32)]))
        #expect(!isTaken("ecdsa-sha2-nistp384", [Array("nistp384".utf8), Self.point]))
        #expect(!isTaken(p256, [curve, Self.point, application]))

        func modulus(_ bytes: Int) -> [UInt8] { [0, 0x81] + [UInt8](repeating: 1, count: bytes - 1) }
        #expect(isTaken("ssh-rsa", [[1, 0, 1], modulus(2048)]))
        #expect(!isTaken("ssh-rsa", [[1] + [UInt8](repeating: 1, count: 8), modulus(512)]))
        #expect(!isTaken("ssh-rsa", [[0] + modulus(256).dropFirst(), modulus(128)]))
    }

    @Test func aKeyHasAtMostFourKilobytes() {
        let type = "sk-ssh-ed25519@openssh.com"
        func error(_ count: Int) -> KeyFormError? {
            let line = Self.line(
                type, [[UInt8](repeating: 7, count: 32), [UInt8](repeating: 65, count: count)])
            do throws(KeyFormError) { _ = try SubmittedKeys(line.utf8) } catch { return error }
            return nil
        }
        #expect(error(4000) == nil)
        #expect(error(12 << 10) == .unusable(line: 1, "it has more than 4 KB"))
    }

    @Test func aLostPieceIsNamed() {
        let error = #expect(throws: KeyFormError.self) { try SubmittedKeys(Self.key.dropLast(8).utf8) }
        #expect(error?.description.hasPrefix("Line 1 is not a whole key") == true)
    }

    // MARK: Private keys

    static let secrets: [String] = [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "   -----BEGIN RSA PRIVATE KEY-----\r   Proc-Type: 4,ENCRYPTED\r", "-----BEGIN EC PRIVATE KEY-----",
        "-----BEGIN DSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE\nKEY-----", "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        "PuTTY-User-Key-File-2: ssh-ed25519\nEncryption: none\n",
        "\(key)\n\nPuTTY-User-Key-File-3: ssh-rsa\n",
        "SSH PRIVATE KEY FILE FORMAT 1.1\n\0\0", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
        "> b3Blbn\n> NzaC1rZXktdjEAAAAABG5vbmU".replacing("> ", with: ""),
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v", "MIIEowIBAAKCAQEAxGpN", "MIIEvgIBADANBgkqhkiG", "MHcCAQEEIIBsZ3v0",
        "{\"kty\": \"OKP\", \"crv\":\"Ed25519\", \"d\":\"nWGxne\",\"x\":\"11qYA\"}", "AGE-SECRET-KEY-1QQPQY",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----", "openssh-key-v1\0\0\0\0",
    ]

    /// Also in UTF-16, and beside a good key.
    @Test(arguments: secrets) func aPrivateKeyIsCalledThat(text: String) {
        for bytes in [
            Array(text.utf8), Self.utf16(text, mark: [0xff, 0xfe]), Array("\(Self.key)\n\(text)".utf8),
        ] {
            guard !text.hasPrefix("openssh") || bytes == Array(text.utf8) else { continue }
            #expect(throws: KeyFormError.privateKey) { try SubmittedKeys(bytes) }
        }
    }

    @Test(
        arguments: [
            [0x30, 0x82, 0x04, 0xa3, 0x02, 0x01, 0x00, 0x02, 0x82, 1],
            [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 1],
        ] as [[UInt8]])
    func aPrivateKeyCanBeBinary(bytes: [UInt8]) {
        #expect(throws: KeyFormError.privateKey) { try SubmittedKeys(bytes) }
    }

    @Test func aPrivateKeyCanComeAfterAPublicKeyInUTF16() {
        let text = Self.utf16("\(Self.key)\n", mark: [0xff, 0xfe])
        #expect(throws: KeyFormError.privateKey) { try SubmittedKeys(text + Array(Self.secrets[0].utf8)) }
    }

    // MARK: Real keys

    /// As ssh-keygen makes them, in its own words.
    @Test(arguments: [
        "ed25519", "rsa -b 1024", "rsa -b 3072", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521",
    ])
    func whatSSHKeygenMakesIsTakenInEveryForm(type: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.run(
            "ssh-keygen -q -t \(type) -N '' -C me -f key && ssh-keygen -e -m RFC4716 -f key >rfc.pub",
            in: folder)
        let line = try String(contentsOfFile: "\(folder)/key.pub", encoding: .utf8)
        let keys = try SubmittedKeys(line.utf8).keys
        #expect(keys.map(\.line) == [line.split(separator: "\n").map(String.init)[0]])
        let rfc = try SubmittedKeys(try Data(contentsOf: URL(filePath: "\(folder)/rfc.pub"))).keys
        #expect(rfc.map(\.key) == keys.map(\.key))
        #expect(throws: KeyFormError.privateKey) {
            try SubmittedKeys(try Data(contentsOf: URL(filePath: "\(folder)/key")))
        }
        guard type != "ed25519" else { return }
        for (form, error) in [("PKCS8", KeyFormError.pem), ("PEM", type.hasPrefix("rsa") ? .pemRSA : .pem)] {
            try Self.run(
                "ssh-keygen -e -m \(form) -f key >pem; cp key k; ssh-keygen -p -q -m \(form) -N '' -f k",
                in: folder)
            #expect(throws: error) { try SubmittedKeys(try Data(contentsOf: URL(filePath: "\(folder)/pem"))) }
            #expect(throws: KeyFormError.privateKey) {
                try SubmittedKeys(try Data(contentsOf: URL(filePath: "\(folder)/k")))
            }
        }
    }

    private static func run(_ command: String, in folder: String) throws {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "cd \"$0\" && { \(command); }", folder]
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0)
    }
}
