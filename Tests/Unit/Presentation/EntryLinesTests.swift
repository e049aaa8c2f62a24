import BuildAPI
import FoundationEssentials
import Presentation
import Testing

/// What someone reads who has come in.
@Suite struct EntryLinesTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func aFailedJobSaysWhatFailedHowLongAndHowToRepeatIt() {
        var job = Self.job()
        job.note = "fix the parser"
        job.deadline = Self.now + 3540
        job.maxDeadline = Self.now + 86400
        job.tasks = [
            .init(name: "fetch", status: .success, exitStatus: 0, script: "~/.tasks/fetch"),
            .init(name: "build", status: .failed, exitStatus: 2, script: "~/.tasks/build"),
            .init(name: "check", status: .skipped, script: "~/.tasks/check"),
        ]
        #expect(
            Self.lines(job) == [
                "Job 42 (fix the parser): failed, task “build” ended with exit status 2.",
                "The builder ends in 59 minutes unless you extend it: ssh gate extend 42",
                "To repeat the failed task: ~/.tasks/build",
            ])
    }

    static let summaries: [(Job.Status, [Job.Task], String)] = [
        (.success, [.init(name: "a", status: .success, script: "~/a")], "Job 42: succeeded."),
        (.failed, [], "Job 42: failed."),
        (.failed, [.init(name: "a", status: .failed)], "Job 42: failed, in task “a”."),
        (
            .failed, [.init(name: "a", status: .failed, exitStatus: 137, shortage: .memory)],
            "Job 42: failed, task “a” ended with exit status 137: the builder ran out of memory."
        ),
        (
            .failed, [.init(name: "a", status: .failed, exitStatus: 1, shortage: .disk)],
            "Job 42: failed, task “a” ended with exit status 1: the builder's disk was full."
        ),
        (
            .failed, [.init(name: "a", status: .failed, exitStatus: 1, shortage: .init(rawValue: "air"))],
            "Job 42: failed, task “a” ended with exit status 1."
        ),
        (.timeout, [.init(name: "a", status: .failed)], "Job 42: ran out of time, in task “a”."),
        (.cancelled, [], "Job 42: was cancelled."),
        (.running, [], "Job 42: has not ended."),
        (
            .running,
            [.init(name: "a", status: .success), .init(name: "b", status: .running, script: "~/b")],
            "Job 42: has not ended, task “b”."
        ),
    ]

    /// And nothing that the service does not say: no time, no script.
    @Test(arguments: summaries) func onlyWhatIsKnownIsSaid(
        status: Job.Status, tasks: [Job.Task], expected: String
    ) {
        var job = Self.job(status)
        job.tasks = tasks
        #expect(Self.lines(job) == [expected])
    }

    @Test func whatTheServiceSaysIsHarmless() {
        var job = Self.job()
        job.note = "a\u{1b}]0;b\u{7}\r\n"
        job.tasks = [.init(name: "c\u{9b}", status: .failed, exitStatus: 1, script: "~/d\u{1b}[2J\n")]
        #expect(
            Self.lines(job) == [
                "Job 42 (a?]0;b???): failed, task “c?” ended with exit status 1.",
                "To repeat the failed task: ~/d?[2J?",
            ])
    }

    static let durations: [(Double, String)] = [
        (-5, "0 seconds"), (0, "0 seconds"), (0.2, "1 second"), (40, "40 seconds"), (59, "1 minute"),
        (60, "1 minute"), (89, "1 minute"), (91, "2 minutes"), (1799.7, "30 minutes"), (3600, "1 hour"),
        (3660, "1 hour 1 minute"), (7500, "2 hours 5 minutes"), (172_799, "2 days"),
        (180_000, "2 days 2 hours"), (259_200, "3 days"), (.infinity, "36525 days"),
    ]

    @Test(arguments: durations) func aDurationIsSpoken(seconds: Double, words: String) {
        #expect(SpokenDuration.words(seconds) == words)
    }

    /// Which departure ends the builder, and when, for whom; and nobody is offered what is not theirs.
    static let ends: [(logout: Job.Logout?, keep: Int?, held: Bool, isOwner: Bool, [String])] = [
        (.end, 600, false, true, ["when you log out, or in 1 hour; to keep it: ssh gate hold 42"]),
        (nil, nil, false, true, ["when you log out, or in 1 hour; to keep it: ssh gate hold 42"]),
        (.end, nil, true, true, ["in 1 hour unless you extend it: ssh gate extend 42"]),
        (.end, 600, false, false, ["in 1 hour.", "10 minutes."]),
        (
            .ask, 600, false, true,
            [
                "in 1 hour unless you extend it: ssh gate extend 42",
                "10 minutes; to keep it longer: ssh gate hold 42",
            ]
        ),
        (.ask, 600, false, false, ["in 1 hour.", "10 minutes."]),
        (.ask, 3600, false, true, ["in 1 hour unless you extend it: ssh gate extend 42"]),
        (.ask, nil, true, true, ["in 1 hour unless you extend it: ssh gate extend 42"]),
        (.init(rawValue: "later"), nil, false, true, ["in 1 hour unless you extend it: ssh gate extend 42"]),
    ]

    @Test(arguments: ends) func theEndOfTheBuilderSurprisesNobody(
        logout: Job.Logout?, keep: Int?, held: Bool, isOwner: Bool, expected: [String]
    ) {
        var job = Self.job()
        (job.logout, job.keep, job.held) = (logout, keep, held)
        (job.deadline, job.maxDeadline) = (Self.now + 3600, Self.now + 86400)
        let lines = Self.lines(job, isOwner: isOwner)
        #expect(lines.count == expected.count + 1)
        for (line, words) in zip(lines.dropFirst(), expected) {
            #expect(
                line == "The builder ends \(words)" || line == "After the last session it stays for \(words)")
        }
    }

    /// Their shells load no variables, and people's own ssh may know nothing of them.
    @Test func aMachineFromElsewhereSaysWhatIsDifferentThere() {
        let own = "ssh job-42   (for your own ssh, scp or editor; set up first: ssh gate ssh-config --job 42)"
        for (pool, certified) in [("lab", nil), ("lab", false), (nil, false)] as [(String?, Bool?)] {
            var job = Self.job()
            job.pool = pool
            job.tasks = [.init(name: "build", status: .success, exitStatus: 0, script: "~/.tasks/build")]
            job.builder = Job.Builder(
                state: .kept, endpoint: .address("192.0.2.7", port: 22), user: "build", hostKeys: [],
                certified: certified)
            let lines = EntryLines(
                job, logoutCounts: false, commands: .init(ownSSH: certified == false ? own : nil)
            ).lines(at: Self.now)
            #expect(
                lines == [
                    "Job 42: failed.", "For the job's variables: . ~/.buildenv",
                ] + (certified == false ? [own] : []))
            // Of another service's builders nobody knows that.
            job.tasks[0].script = nil
            #expect(
                !EntryLines(job, logoutCounts: false, commands: .init()).lines(at: Self.now).joined()
                    .contains("buildenv"))
        }
    }

    /// As with builds.sr.ht, which extends and holds nothing.
    @Test func aServiceThatHoldsNothingOffersNothing() {
        var job = Self.job()
        (job.logout, job.deadline) = (nil, Self.now + 540)
        let lines = EntryLines(job, logoutCounts: true, commands: .init()).lines(at: Self.now)
        #expect(lines.last == "The builder ends when you log out, or in 9 minutes.")
    }

    private static func job(_ status: Job.Status = .failed) -> Job {
        Job(
            id: JobID("42")!, owner: .person(Person(id: "1", name: "alice")), status: status, created: now,
            logout: .ask)
    }

    private static func lines(_ job: Job, isOwner: Bool = true) -> [String] {
        EntryLines(
            job, logoutCounts: isOwner,
            commands: isOwner ? .init(extend: "ssh gate extend 42", hold: "ssh gate hold 42") : .init()
        ).lines(at: now)
    }
}
