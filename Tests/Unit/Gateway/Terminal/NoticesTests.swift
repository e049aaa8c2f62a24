import BuildAPI
import FoundationEssentials
import Testing

@testable import Gateway

/// What someone inside is told, and when.
@Suite struct NoticesTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let unless = " unless you extend it: ssh gate extend 42"

    /// Minutes until the deadline on entering; what is told then as time passes, by the minute of the session.
    static let courses: [(left: Double, told: [Double: String])] = [
        (
            60,
            [
                30: "The builder ends in 30 minutes", 50: "The builder ends in 10 minutes",
                55: "The builder ends in 5 minutes", 59: "The builder ends in 1 minute",
            ]
        ),
        (
            30,
            [
                20: "The builder ends in 10 minutes", 25: "The builder ends in 5 minutes",
                29: "The builder ends in 1 minute",
            ]
        ),
        (
            30.25,
            [
                20.25: "The builder ends in 10 minutes", 25.25: "The builder ends in 5 minutes",
                29.25: "The builder ends in 1 minute",
            ]
        ),
        (8, [3: "The builder ends in 5 minutes", 7: "The builder ends in 1 minute"]),
        (0.5, [:]),
    ]

    @Test(arguments: courses) func theTimeIsToldOncePerThreshold(left: Double, told: [Double: String]) {
        var notices = Self.notices(Self.job(deadline: left))
        for minute in stride(from: 0, through: left + 2, by: 0.25) {
            let expected = told[minute].map { [$0 + Self.unless] } ?? []
            #expect(Self.due(&notices, minute) == expected, "minute \(minute)")
        }
    }

    /// Who is connected with an editor reads about the time, and not who else comes and goes.
    @Test func visitorsAreToldOfWhereSomeoneReads() {
        for tells in [true, false] {
            var notices = Notices(
                Self.job(deadline: 60), for: Fixture.alice, session: "own", extending: "ssh gate extend 42",
                tellsOfVisitors: tells, at: Self.start)
            notices.update(Self.job(deadline: 60, inside: [Self.bob()]), at: Self.at(1))
            #expect(Self.due(&notices, 1) == (tells ? ["bob has entered."] : []))
            #expect(Self.due(&notices, 30) == ["The builder ends in 30 minutes" + Self.unless])
        }
    }

    @Test func itIsKnownWhenToLookAgain() {
        var notices = Self.notices(Self.job(deadline: 60))
        #expect(notices.nextMoment == Self.at(30))
        _ = Self.due(&notices, 30)
        #expect(notices.nextMoment == Self.at(50))
        notices.update(Self.job(deadline: 180), at: Self.at(40))
        #expect(notices.nextMoment == Self.at(150))
        _ = Self.due(&notices, 179.5)
        #expect(notices.nextMoment == nil)
        #expect(Self.notices(Self.job(deadline: nil)).nextMoment == nil)
    }

    /// Someone who has slept through several is told once.
    @Test func thresholdsThatPassTogetherAreOneNotice() {
        var notices = Self.notices(Self.job(deadline: 60))
        #expect(Self.due(&notices, 56) == ["The builder ends in 4 minutes" + Self.unless])
    }

    @Test func aJobWithoutADeadlineHasNoTimeNotices() {
        var notices = Self.notices(Self.job(deadline: nil))
        #expect(Self.due(&notices, 100_000) == [])
    }

    @Test func aDeadlineThatMovesIsToldAndCountsAnew() {
        var notices = Self.notices(Self.job(deadline: 60))
        _ = Self.due(&notices, 59)
        notices.update(Self.job(deadline: 120), at: Self.at(59))
        #expect(
            Self.due(&notices, 59) == [
                "The deadline has moved. The builder ends in 1 hour 1 minute" + Self.unless
            ])
        #expect(Self.due(&notices, 90) == ["The builder ends in 30 minutes" + Self.unless])
        notices.update(Self.job(deadline: 128), at: Self.at(120))
        #expect(
            Self.due(&notices, 120) == ["The deadline has moved. The builder ends in 8 minutes" + Self.unless]
        )
        #expect(
            Self.due(&notices, 123) == ["The builder ends in 5 minutes" + Self.unless], "30 and 10 are over")
    }

    @Test func aDeadlineWithinAFewSecondsHasNotMoved() {
        var notices = Self.notices(Self.job(deadline: 60))
        notices.update(Self.job(deadline: 60 + 3.0 / 60), at: Self.at(1))
        #expect(Self.due(&notices, 1) == [])
    }

    @Test func atTheLastMomentThereIsNothingToExtend() {
        var job = Self.job(deadline: 20)
        job.maxDeadline = job.deadline
        var notices = Self.notices(job)
        #expect(
            Self.due(&notices, 10) == ["The builder ends in 10 minutes, and cannot be extended any further."])
        job.maxDeadline = nil
        notices = Self.notices(job)
        #expect(Self.due(&notices, 10) == ["The builder ends in 10 minutes."])
    }

    @Test func whileTheScreenIsTakenNoticesWait() {
        var notices = Self.notices(Self.job(deadline: 60))
        notices.update(Self.job(deadline: 60, inside: [Self.bob()]), at: Self.at(20))
        #expect(Self.due(&notices, 20, taken: true) == [])
        #expect(Self.due(&notices, 30, taken: true) == [])
        #expect(Self.due(&notices, 50, taken: true) == [])
        #expect(
            Self.due(&notices, 53) == ["bob has entered.", "The builder ends in 7 minutes" + Self.unless],
            "one about the time, as it is now")
        #expect(Self.due(&notices, 53) == [])
    }

    @Test func theLastOneDoesNotWait() {
        var notices = Self.notices(Self.job(deadline: 60))
        notices.update(Self.job(deadline: 60, inside: [Self.bob()]), at: Self.at(20))
        #expect(Self.due(&notices, 55, taken: true) == [])
        #expect(Self.due(&notices, 59, taken: true) == ["The builder ends in 1 minute" + Self.unless])
        #expect(Self.due(&notices, 59.2) == ["bob has entered."])
    }

    @Test func aMoveThatWaitsTakesThePlaceOfWhatWaitedBefore() {
        var notices = Self.notices(Self.job(deadline: 60))
        #expect(Self.due(&notices, 30, taken: true) == [])
        notices.update(Self.job(deadline: 120), at: Self.at(40))
        #expect(Self.due(&notices, 90, taken: true) == [])
        #expect(
            Self.due(&notices, 90) == ["The deadline has moved. The builder ends in 30 minutes" + Self.unless]
        )
    }

    @Test func whoComesAndGoesIsNamed() {
        var notices = Self.notices(Self.job(deadline: 60, inside: [Self.session("own", Fixture.alice)]))
        let own = Self.session("own", Fixture.alice)
        notices.update(Self.job(deadline: 60, inside: [own, Self.bob()]), at: Self.at(1))
        #expect(Self.due(&notices, 1) == ["bob has entered."])
        notices.update(Self.job(deadline: 60, inside: [own, Self.bob()]), at: Self.at(2))
        #expect(Self.due(&notices, 2) == [])
        let again = Self.session("again", Fixture.alice)
        notices.update(Self.job(deadline: 60, inside: [own, again]), at: Self.at(3))
        #expect(Self.due(&notices, 3) == ["bob has left.", "alice (you) has entered."])
        notices.update(Self.job(deadline: 60, inside: []), at: Self.at(4))
        #expect(Self.due(&notices, 4) == ["alice (you) has left."], "nothing about one's own session")
    }

    @Test func whoWasThereBeforeHasNotEntered() {
        var notices = Self.notices(Self.job(deadline: 60, inside: [Self.bob()]))
        #expect(notices.others.map(\.person.name) == ["bob"])
        notices.update(Self.job(deadline: 60, inside: [Self.bob()]), at: Self.at(1))
        #expect(Self.due(&notices, 1) == [])
        notices.update(Self.job(deadline: 60), at: Self.at(2))
        #expect(Self.due(&notices, 2) == ["bob has left."])
    }

    /// A script may run a hundred in a minute.
    @Test func commandsAreToldOfWhenTheyLast() {
        var notices = Self.notices(Self.job(deadline: nil))
        let short = Self.session("short", Fixture.bob, .exec)
        notices.update(Self.job(deadline: nil, inside: [short]), at: Self.at(1))
        #expect(notices.nextMoment == Self.at(1) + 5)
        notices.update(Self.job(deadline: nil), at: Self.at(1) + 4)
        #expect(Self.due(&notices, 2) == [])
        let long = Self.session("long", Fixture.bob, .exec)
        notices.update(Self.job(deadline: nil, inside: [long]), at: Self.at(3))
        #expect(notices.due(at: Self.at(3) + 4.9, isScreenTaken: false) == [])
        #expect(notices.due(at: Self.at(3) + 5, isScreenTaken: false) == ["bob runs a command here."])
        notices.update(Self.job(deadline: nil), at: Self.at(4))
        #expect(Self.due(&notices, 4) == ["bob has left."])
    }

    @Test func aNameIsHarmless() {
        var notices = Self.notices(Self.job(deadline: nil))
        let visitor = Self.session("x", Person(id: "9", name: "\u{1b}[2Jbob\r\nsallyport: \u{202e}"))
        notices.update(Self.job(deadline: nil, inside: [visitor]), at: Self.at(1))
        #expect(Self.due(&notices, 1) == ["?[2Jbob??sallyport: ? has entered."])
    }

    @Test func whoIsThrownOutWithTheBuilderHasNotLeft() {
        var notices = Self.notices(Self.job(deadline: 60, inside: [Self.bob()]))
        notices.update(Fixture.job(builder: nil), at: Self.at(1))
        #expect(Self.due(&notices, 1) == [])
    }

    @Test func theEndOfTheTasksIsToldWithTheNewDeadline() {
        var running = Self.job(.running, deadline: 40)
        running.tasks = [Job.Task(name: "check", status: .running)]
        var notices = Self.notices(running)
        #expect(Self.due(&notices, 10) == ["Its tasks have 30 minutes left; then the builder ends."])
        var failed = Self.job(deadline: 90)
        failed.tasks = [Job.Task(name: "check", status: .failed, exitStatus: 3)]
        notices.update(failed, at: Self.at(30))
        #expect(
            Self.due(&notices, 30)
                == [
                    "Job 42: failed, task “check” ended with exit status 3. The builder ends in 1 hour"
                        + Self.unless
                ])
        #expect(Self.due(&notices, 60) == ["The builder ends in 30 minutes" + Self.unless])
    }

    @Test func notMoreThanAFewWait() {
        var notices = Self.notices(Self.job(deadline: nil))
        for number in 0..<100 {
            let visitor = Self.session("\(number)", Person(id: "9", name: "visitor \(number)"))
            notices.update(Self.job(deadline: nil, inside: [visitor]), at: Self.at(1))
        }
        let told = Self.due(&notices, 1)
        #expect(told.count == 20 && told.last == "visitor 99 has entered.")
    }

    private static func at(_ minute: Double) -> Date { start + minute * 60 }

    private static func due(_ notices: inout Notices, _ minute: Double, taken: Bool = false) -> [String] {
        notices.due(at: at(minute), isScreenTaken: taken)
    }

    private static func notices(_ job: Job) -> Notices {
        Notices(job, for: Fixture.alice, session: "own", extending: "ssh gate extend 42", at: start)
    }

    /// - Parameter deadline: minutes after the start.
    private static func job(
        _ status: Job.Status = .failed, deadline: Double?, inside: [Job.Session] = []
    ) -> Job {
        var job = Fixture.job(status)
        job.deadline = deadline.map(at)
        job.maxDeadline = at(100_000)
        job.sessions = inside
        return job
    }

    private static func bob() -> Job.Session { session("bobs", Fixture.bob) }

    private static func session(_ id: String, _ person: Person, _ kind: Claim.Kind = .shell) -> Job.Session {
        Job.Session(session: id, person: person, kind: kind, from: "192.0.2.1", since: start)
    }
}
