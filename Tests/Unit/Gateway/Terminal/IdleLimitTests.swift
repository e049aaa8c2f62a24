import Testing

@testable import Gateway

@Suite struct IdleLimitTests {
    @Test func aSessionIsWarnedAndThenClosed() {
        var limit = IdleLimit(.seconds(900))
        #expect(limit.verdict(after: .zero) == .wait(.seconds(840)))
        #expect(limit.verdict(after: .seconds(839)) == .wait(.seconds(1)))
        #expect(limit.verdict(after: .seconds(840)) == .warn(before: .seconds(60)))
        #expect(limit.verdict(after: .seconds(841)) == .wait(.seconds(59)), "once")
        #expect(limit.verdict(after: .seconds(900)) == .close)
    }

    @Test func whoeverTypesAfterTheWarningStaysAndIsWarnedAgain() {
        var limit = IdleLimit(.seconds(900))
        #expect(limit.verdict(after: .seconds(845)) == .warn(before: .seconds(55)))
        #expect(limit.verdict(after: .seconds(50)) == .wait(.seconds(790)))
        #expect(limit.verdict(after: .seconds(840)) == .warn(before: .seconds(60)))
    }

    @Test func aShortLimitIsWarnedOfHalfWay() {
        var limit = IdleLimit(.seconds(10))
        #expect(limit.verdict(after: .seconds(1)) == .wait(.seconds(4)))
        #expect(limit.verdict(after: .seconds(5)) == .warn(before: .seconds(5)))
        #expect(limit.verdict(after: .seconds(10)) == .close)
    }
}
