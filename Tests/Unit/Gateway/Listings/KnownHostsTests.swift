import AuthorizedKeys
import BuildAPI
import Foundation
import Testing

@testable import Gateway

/// Lines for people's known_hosts, and what of a service's words gets into them.
@Suite struct KnownHostsTests {
    private static let ed25519 =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/"
    private static let other =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHiLHLAvlswaKxQbvZYjW9xdvtAgJoM7Okd9MXCepKck"

    private static func key() throws -> PublicKey { try PublicKey.parse(line: ed25519).key }

    /// Names, a host, and whether its line is found.
    static let certified: [(String?, String, Bool)] = [
        ("builds.example.org", "job-42.builds.example.org", true),
        ("Builds.Example.org", "job-42.builds.example.org", true),
        ("builds.example.org", "job-42", false), ("builds.example.org", "builds.example.org", false),
        ("builds.example.org", "job-42.builds.example.org.evil.example", false),
        (nil, "job-42", true), (nil, "gateway", false),
    ]

    @Test(arguments: certified) func oneLineIsForAllBuilders(suffix: String?, host: String, isKnown: Bool)
        throws
    {
        let line = KnownHostsLines.certified(by: try Self.key(), BuilderNames(suffix: suffix))
        #expect(line.split(separator: "\n").count == 1 && line.hasPrefix("@cert-authority job-*"))
        let found = try find(host, in: line)
        #expect(found.output.contains("line 1 CA") == isKnown, "\(found)")
    }

    @Test func aBuildersKeysAreUnderItsName() throws {
        let names = BuilderNames(suffix: "builds.example.org")
        let lines = KnownHostsLines.keys(
            [try Self.key(), try PublicKey.parse(line: Self.other).key], of: Fixture.identifier, names)
        #expect(
            lines == "job-42.builds.example.org \(Self.ed25519)\njob-42.builds.example.org \(Self.other)\n")
        #expect(try find("job-42.builds.example.org", in: lines).status == 0)
        #expect(try find("job-43.builds.example.org", in: lines).status == 1)
    }

    private func find(_ host: String, in lines: String) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let scratch = try Scratch()
        try scratch.write(lines, "known_hosts")
        return try scratch.run("ssh-keygen", "-F", host, "-f", "known_hosts")
    }

    // MARK: What a service says

    static let authorities: [(HostAuthority, Bool)] = [
        (HostAuthority(key: ed25519, suffixes: ["a.example"], user: "build"), true),
        (HostAuthority(key: ed25519, suffixes: [], user: "_build.er-1"), true),
        (HostAuthority(key: "ssh-ed25519", suffixes: [], user: "build"), false),
        (HostAuthority(key: "ssh-ed25519 AAAA", suffixes: [], user: "build"), false),
        (HostAuthority(key: ed25519, suffixes: ["a.example\nHost *"], user: "build"), false),
        (HostAuthority(key: ed25519, suffixes: ["*"], user: "build"), false),
        (HostAuthority(key: ed25519, suffixes: [""], user: "build"), false),
        (HostAuthority(key: ed25519, suffixes: [], user: ""), false),
        (HostAuthority(key: ed25519, suffixes: [], user: "-oProxyCommand=x"), false),
        (HostAuthority(key: ed25519, suffixes: [], user: "build\n    ProxyCommand x"), false),
        (HostAuthority(key: ed25519, suffixes: [], user: "a b"), false),
        (HostAuthority(key: ed25519, suffixes: [], user: "%h"), false),
    ]

    @Test(arguments: authorities) func onlyAHostAuthorityThatIsOnePasses(
        authority: HostAuthority, isOne: Bool
    ) {
        do throws(Refusal) {
            let checked = try CheckedHostAuthority(authority)
            #expect(isOne && checked.user == authority.user && checked.key.line == Self.ed25519)
        } catch {
            #expect(!isOne && error.status == .misconfigured)
        }
    }

    /// What stands behind a key is not printed.
    @Test func ofALineOnlyTheKeyIsTaken() throws {
        let authority = HostAuthority(
            key: "\(Self.ed25519) x\n@cert-authority * \(Self.other)", suffixes: [], user: "build")
        #expect(try CheckedHostAuthority(authority).key.line == Self.ed25519)
    }

    @Test func aSuffixThatNobodySignsForIsRefusedWithThoseThatThereAre() throws {
        let authority = try CheckedHostAuthority(
            HostAuthority(key: Self.ed25519, suffixes: ["A.example", "b.example"], user: "build"))
        for suffix in ["a.example", "b.example", nil] {
            try authority.requireCertificates(for: BuilderNames(suffix: suffix))
        }
        let refusal = try #require(throws: Refusal.self) {
            try authority.requireCertificates(for: BuilderNames(suffix: "c.example"))
        }
        #expect(refusal.status == .usage)
        #expect(
            refusal.sentence
                == "Builders have no certificate for names like job-*.c.example. "
                + "Use --suffix a.example, or --suffix b.example, or --bare.")
    }

    enum Expected: Equatable {
        case lines([String])
        case refused(ExitStatus)
    }

    static let keys: [([String], String?, Expected)] = [
        ([ed25519, other], nil, .lines([ed25519, other])), ([ed25519], other, .lines([ed25519])),
        ([], other, .lines([other])), ([], nil, .refused(.tryAgain)),
        (["ssh-ed25519 AAAA"], nil, .refused(.misconfigured)),
        ([ed25519, "x"], nil, .refused(.misconfigured)),
        (["\(ed25519)\n* \(other)"], nil, .lines([ed25519])),
    ]

    @Test(arguments: keys)
    func aBuildersKeysAreChecked(lines: [String], pin: String?, expected: Expected) {
        var builder = Fixture.builder(.booting)
        builder.hostKeys = lines
        do throws(Refusal) {
            let keys = try checkedHostKeys(of: builder, Fixture.identifier, pin: pin)
            #expect(expected == .lines(keys.map(\.line)))
        } catch {
            #expect(expected == .refused(error.status))
        }
    }
}
