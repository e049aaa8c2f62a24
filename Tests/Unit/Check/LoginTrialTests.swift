import AuthorizedKeys
import Testing

@testable import Check

@Suite struct LoginTrialTests {
    private static let key = KeysCommandCheckTests.key

    private func verdict(_ errors: String, _ status: Int32?) -> String {
        let said = LocalCommand.Outcome(status: status, output: "", errors: errors)
        switch LoginTrial.verdict(on: said, key: Self.key) {
        case .works(let sentence): return "works: \(sentence)"
        case .refused(let sentence): return "refused: \(sentence)"
        case .fails(let sentence): return "fails: \(sentence)"
        }
    }

    @Test func onlyTheRefusalOfThisKeyShowsThatAllWorks() {
        #expect(verdict("Your key \(Self.key.fingerprint) is unknown here.\n", 77).hasPrefix("works"))
        #expect(verdict("Your key SHA256:other is unknown here.\n", 77).hasPrefix("fails"))
        #expect(verdict("\(Self.key.fingerprint)\n", 0).hasPrefix("fails"))
        let denied = "builds@127.0.0.1: Permission denied (publickey).\n"
        #expect(
            verdict(denied, 255)
                == "refused: sshd refused a login before the forced command ran (\(denied.dropLast()))")
        #expect(verdict("Not allowed at this time\n", 255).contains("PerSourcePenalties"))
        #expect(
            verdict("\nThe build service cannot be reached.\n\n", 69)
                == "fails: a login ended with: The build service cannot be reached.")
        #expect(verdict("", nil) == "fails: a login ended with: a signal ended it")
    }

    @Test func sshdNamesItsReasons() {
        let log = """
            debug1: sshd version OpenSSH_9.2\r
            Connection from UNKNOWN port 65535 on UNKNOWN port 65535\r
            AuthorizedKeysCommandUser "nobodyx" not found: Success\r
            Failed publickey for builds from UNKNOWN port 65535 ssh2: ED25519 SHA256:x\r
            User builds from UNKNOWN not allowed because shell /nowhere does not exist\r
            error: Unsafe AuthorizedKeysCommand "/x": bad ownership or modes for file /x\r
            error: Unsafe AuthorizedKeysCommand "/x": bad ownership or modes for file /x\r
            Connection closed by UNKNOWN
            """
        #expect(
            LoginTrial.reasons(in: log) == [
                "AuthorizedKeysCommandUser \"nobodyx\" not found: Success",
                "User builds from UNKNOWN not allowed because shell /nowhere does not exist",
                "Unsafe AuthorizedKeysCommand \"/x\": bad ownership or modes for file /x",
            ])
    }

    @Test(
        arguments: [
            (["[::]:22", "0.0.0.0:22"], "127.0.0.1", 22), (["[::]:22"], "::1", 22),
            (["0.0.0.0:2222"], "127.0.0.1", 2222),
            (["192.0.2.1:22"], "192.0.2.1", 22),
            (["[2001:db8::1]:22"], "2001:db8::1", 22), ([], "127.0.0.1", 22),
        ] as [([String], String, Int)])
    func whereSSHDListens(addresses: [String], address: String, port: Int) {
        #expect(LoginTrial.place(of: addresses) == (address, port))
    }

    @Test func howManyLoginsCanWait() {
        let startups = Startups("10:30:100")
        #expect(startups == Startups("10:30:100") && Startups("10") == nil)
        #expect(startups?.result(lookUp: 0.003).state == .ok)
        let slow = startups?.result(lookUp: 0.4)
        #expect(slow?.state == .warn && slow?.finding.contains("400 ms") == true, "\(slow as Any)")
    }
}
