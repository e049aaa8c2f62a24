import BuildAPI
import Policy
import Testing

/// Which keys bring machines that are nobody's.
@Suite struct PairingRightTests {
    private static let alice = Person(id: "1", name: "alice")

    private static func key(_ limits: [String]? = nil, suspended: Bool = false) -> Key {
        Key(
            fingerprint: "SHA256:a", type: "t", key: "k", comment: "", owner: alice, suspended: suspended,
            limits: limits?.map { Key.Limit(rawValue: $0) })
    }

    private func denial(_ key: Key?, _ fingerprint: String = "SHA256:a") -> Denial? {
        do throws(Denial) {
            try PairingRight.check(key, fingerprint: fingerprint)
            return nil
        } catch {
            return error
        }
    }

    @Test func nobodysKeyDoesAndSoDoKeysThatAttach() {
        #expect(denial(nil) == nil)
        for limits: [String]? in [nil, [], ["attach"], ["pair"]] { #expect(denial(Self.key(limits)) == nil) }
    }

    @Test(arguments: [["confirm"], ["confirm", "pair"], ["attach", "confirm"]])
    func aPendingKeyDoesNot(limits: [String]) {
        #expect(denial(Self.key(limits)) == .unconfirmedKey(fingerprint: "SHA256:a"))
    }

    @Test(arguments: [["look"], ["attach", "pair"], ["pair", "look"]])
    func aKeyWithLimitsThatNobodyKnowsDoesNot(limits: [String]) {
        #expect(denial(Self.key(limits)) == .unknownKey(fingerprint: "SHA256:a"))
    }

    @Test func aSuspendedPersonsKeyDoesNotWhateverItsLimits() {
        for limits: [String]? in [nil, ["attach"], ["pair"]] {
            #expect(denial(Self.key(limits, suspended: true)) == .suspended(Self.alice))
        }
    }

    @Test func anAnswerAboutAnotherKeyIsNone() {
        guard case .inconsistent? = denial(Self.key(), "SHA256:b") else {
            Issue.record("it was taken for an answer")
            return
        }
    }
}
