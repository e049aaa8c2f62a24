import Foundation
import Testing

@testable import Runner

@Suite("When a source has said something")
struct AnswerTimesTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func after(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    @Test("an answer counts for its time, and so does that nobody has a name")
    func answers() {
        var times = AnswerTimes()
        times.learned("alice", isSomeone: true, asked: now)
        times.learned("nobody", isSomeone: false, asked: now)
        times.learned(key: "SHA256:x", at: now)
        for subject in [AnswerTimes.Subject.name("alice"), .name("nobody"), .key("SHA256:x")] {
            #expect(times.isAnswered(subject, within: 60, at: after(59)))
            #expect(!times.isAnswered(subject, within: 60, at: after(60)))
        }
        #expect(!times.isAnswered(.name("bob"), within: 60, at: now))
        times.learned("alice", isSomeone: false, asked: after(10))
        #expect(times.last(about: .name("alice")) == after(10))
    }

    @Test("what a clock that was ahead has stored means nothing")
    func future() {
        var times = AnswerTimes()
        times.takeOver(["alice": after(1), "bob": now], at: now)
        #expect(times.last(about: .name("alice")) == nil && times.last(about: .name("bob")) == now)
    }

    @Test(
        "an outage is reported once about each, few in all, and ends when nobody is asked about in vain any more"
    )
    func outages() {
        var times = AnswerTimes()
        let (alice, bob) = (AnswerTimes.Subject.name("alice"), AnswerTimes.Subject.name("bob"))
        let nothing = times.recovered(alice, at: now)
        let begins = [
            times.failed(alice, at: now), times.failed(bob, at: now), times.failed(alice, at: after(5)),
        ]
        #expect(!nothing && begins == [true, true, false])
        #expect(times.isInTrouble(alice, within: 10, at: after(14)))
        #expect(!times.isInTrouble(alice, within: 10, at: after(15)))
        let ends = [times.recovered(alice, at: after(20)), times.recovered(bob, at: after(20))]
        #expect(ends == [false, true])
        // She has left, and nobody asks about her.
        let again = times.failed(alice, at: after(30))
        let isOver = [times.recovered(bob, at: after(89)), times.recovered(bob, at: after(90))]
        #expect(again && isOver == [false, true])
    }
}
