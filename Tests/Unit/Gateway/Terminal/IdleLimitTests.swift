import EventLoop
import Testing

@testable import Gateway

@Suite struct IdleLimitTests {
    private let start = Instant(nanoseconds: 0)
    private let later = Instant(nanoseconds: 1)

    @Test func aSessionIsWarnedAndThenClosed() {
        var limit = IdleLimit(.seconds(900))
        #expect(limit.verdict(since: start, idle: .zero) == .wait(.seconds(840)))
        #expect(limit.verdict(since: start, idle: .seconds(839)) == .wait(.seconds(1)))
        #expect(limit.verdict(since: start, idle: .seconds(840)) == .warn(before: .seconds(60)))
        #expect(limit.verdict(since: start, idle: .seconds(841)) == .wait(.seconds(59)), "once")
        #expect(limit.verdict(since: start, idle: .seconds(900)) == .close)
    }

    @Test func aPersonWhoTypesAfterTheWarningStaysAndIsWarnedAgain() {
        var limit = IdleLimit(.seconds(900))
        #expect(limit.verdict(since: start, idle: .seconds(845)) == .warn(before: .seconds(55)))
        #expect(limit.verdict(since: later, idle: .seconds(50)) == .wait(.seconds(790)))
        #expect(limit.verdict(since: later, idle: .seconds(840)) == .warn(before: .seconds(60)))
    }

    @Test func aShortLimitIsWarnedOfHalfWay() {
        var limit = IdleLimit(.seconds(10))
        #expect(limit.verdict(since: start, idle: .seconds(1)) == .wait(.seconds(4)))
        #expect(limit.verdict(since: start, idle: .seconds(5)) == .warn(before: .seconds(5)))
        #expect(limit.verdict(since: start, idle: .seconds(10)) == .close)
    }

    /// The next look comes when this idleness, too, has lasted long enough for a warning.
    @Test func aPersonWhoTypesRightAfterTheWarningIsWarnedAgain() {
        var limit = IdleLimit(.seconds(8))
        #expect(limit.verdict(since: start, idle: .seconds(4)) == .warn(before: .seconds(4)))
        #expect(limit.verdict(since: later, idle: .milliseconds(4002)) == .warn(before: .milliseconds(3998)))
        #expect(limit.verdict(since: later, idle: .seconds(8)) == .close)
    }
}
