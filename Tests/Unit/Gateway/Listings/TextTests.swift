import BuildAPI
import FoundationEssentials
import Presentation
import Testing

@testable import Gateway

/// What a terminal gets to see of other people's bytes.
@Suite struct TextTests {
    @Test func aTableFitsEightyColumns() {
        var jobs = [
            Fixture.job(), Fixture.job(.queued, builder: nil), Fixture.job(.cancelled, builder: .booting),
        ]
        jobs[0].note = String(repeating: "long ", count: 40)
        jobs[1].note = "\u{1b}[2J"
        let lines = JobTable(jobs, for: Fixture.alice).lines
        #expect(lines.count == 4)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(!lines.joined().contains("\u{1b}"))
    }

    @Test func whoIsInsideIsInTheTable() {
        let created = Date(timeIntervalSince1970: 0)
        var job = Job(
            id: JobID("42")!, owner: .person(Fixture.alice), note: "fix the parser", status: .failed,
            created: created,
            deadline: created.addingTimeInterval(3540), builder: Fixture.builder(.kept))
        let people = [Fixture.alice, Fixture.alice, Fixture.bob]
        job.sessions = people.map {
            Job.Session(session: "s", person: $0, kind: .shell, from: "::1", since: created)
        }
        #expect(
            JobTable([job], for: Fixture.alice, now: created).lines == [
                "  JOB  STATUS  BUILDER  LEFT    INSIDE      NOTE",
                "  42   failed  kept     59 min  alice, bob  fix the parser",
            ])
    }

    @Test func othersJobsComeAfterOnesOwnWithTheirOwners() {
        var own = Fixture.job(.queued, builder: nil)
        own.owner = .person(Fixture.bob)
        var shared = Fixture.job(shares: [Fixture.bob])
        shared.owner = .person(Person(id: "1", name: "alice\u{1b}[2J"))
        #expect(
            JobTable([shared, own], for: Fixture.bob).lines
                == [
                    "  JOB  STATUS  BUILDER  LEFT  INSIDE  OWNER       NOTE",
                    "  42   queued  -        -     -       you",
                    "  42   failed  kept     -     -       alice?[2J",
                ].map { $0.replacing("OWNER       NOTE", with: "OWNER      NOTE") })
    }

    @Test func imagesAreListedWithWhatIsKnownOfThem() {
        let images = [
            Image(
                name: "debian", description: "Debian 12\u{1b}[2J", memory: 512, cpus: 1, network: .nothing
            ),
            Image(name: "debian-build", memory: 2048, cpus: 2, network: .outbound, disk: 8 << 30),
            Image(name: "x", network: .init(rawValue: "a\nb"), disk: 100 << 20), Image(name: "bare"),
        ]
        #expect(
            ImageText(images).text == """
                debian        512 MiB of memory, 1 processor, no network
                    Debian 12?[2J
                debian-build  2048 MiB of memory, 2 processors, the internet, a disk of 8 GiB
                x             a?b, a disk of 100 MiB
                bare

                """)
    }

    @Test(
        arguments: [
            (-1, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3540, "59 min"), (3600, "1 h"),
            (7500, "2 h 5 min"), (86400, "1 d"), (273_600, "3 d 4 h"),
        ] as [(TimeInterval, String)])
    func timeLeftIsReadable(seconds: TimeInterval, text: String) {
        #expect(TimeLeft.text(seconds) == text)
    }

    @Test func aJobsSheetSaysAllThatThereIs() {
        let created = Date(timeIntervalSince1970: 1_795_255_200)
        var job = Fixture.job(visibility: .public, shares: [Fixture.bob])
        job.note = "fix\nthe parser"
        job.created = created
        job.deadline = created.addingTimeInterval(3600)
        job.maxDeadline = created.addingTimeInterval(259_200)
        job.tasks = [
            Job.Task(
                name: "build", status: .failed, started: created, ended: created.addingTimeInterval(12),
                exitStatus: 2),
            Job.Task(name: "check", status: .skipped),
            Job.Task(
                name: "lint", status: .success, started: created, ended: created, exitStatus: 0,
                completeBuild: true),
        ]
        job.sessions = [
            Job.Session(session: "s", person: Fixture.bob, kind: .shell, from: "192.0.2.7", since: created)
        ]
        job.pool = "lab\u{7}"
        let now = created.addingTimeInterval(60)
        let sheet = JobSheet(
            job: job, isInvited: true, hasLog: true, canExtend: true,
            own: OwnSSH(
                line: "ssh job-42.example.org", setUpLine: "ssh builds@example.org ssh-config"),
            commandLine: { "ssh \($1 ? "-t " : "")\($0)" }, now: now)
        #expect(
            sheet.text == """
                Job 42: fix?the parser

                  status     failed, public
                  owner      alice
                  submitted  2026-11-21 10:00 UTC
                  pool       lab?
                  tasks      build  failed   12 s  exit status 2
                             check  skipped
                             lint   success  0 s  complete-build: the rest was skipped
                  builder    kept, ends 2026-11-21 11:00 UTC, in 59 min; you can extend it until 2026-11-24 10:00 UTC
                  shared     with bob
                  inside     bob, shell, for 1 min

                  ssh -t connect 42
                  ssh extend 42
                  ssh tail 42
                  ssh job-42.example.org   (for your own ssh, scp or editor; set up first: ssh builds@example.org ssh-config)

                """)
        job.builder?.firstUse = true
        let guests = JobSheet(
            job: job, isInvited: true, hasLog: true, canExtend: false,
            own: OwnSSH(line: "ssh job-42", setUpLine: "ssh-config"),
            commandLine: { words, _ in words }, now: now
        ).text
        #expect(guests.contains("  host key   as the builder has shown it first; nobody vouches for it\n"))
        job.attached = .init(from: "192.0.2.7", key: "SHA256:x")
        let dialled = JobSheet(
            job: job, isInvited: true, hasLog: true, canExtend: false,
            own: OwnSSH(line: "ssh job-42", setUpLine: "ssh-config"), commandLine: { words, _ in words },
            now: now
        ).text
        #expect(dialled.contains("  host key   as the machine says; what it says of itself is unchecked\n"))
        job.attached = nil
        #expect(guests.contains("connect 42") && guests.contains("in 59 min") && !guests.contains("extend"))
        let others = JobSheet(
            job: job, isInvited: false, hasLog: true, canExtend: false,
            own: OwnSSH(line: "ssh job-42", setUpLine: "ssh-config"),
            commandLine: { words, _ in words },
            now: now
        ).text
        #expect(
            !others.contains("job-42") && !others.contains("ssh-config") && !others.contains("bob")
                && !others.contains("connect")
                && others.contains("tail 42"))
    }

    /// With a service that answers the four necessary requests.
    @Test func aJobOfWhichLittleIsKnownIsShownWithoutGuesses() throws {
        var job = Job(id: Fixture.identifier, owner: .person(Person(id: "1", name: "1")), status: .failed)
        job.builder = Fixture.job().builder
        func text() -> String {
            JobSheet(
                job: job, isInvited: true, hasLog: false, canExtend: true,
                own: OwnSSH(line: "ssh job-42", setUpLine: "ssh x --job 42")
            ) {
                words, _ in
                "ssh \(words)"
            }.text
        }
        #expect(
            text() == """
                Job 42

                  status     failed, unlisted
                  owner      1
                  builder    kept

                  ssh connect 42
                  ssh job-42   (for your own ssh, scp or editor; set up first: ssh x --job 42)

                """)
        let json = String(decoding: try JSON.encode(JobView(job: job, isInvited: true)), as: UTF8.self)
        #expect(!json.contains("created"))
        job.builder = nil
        #expect(text().hasSuffix("  builder    gone\n"))
    }

    @Test func whatLeadsToABuilderIsInNoAnswer() throws {
        var job = Fixture.job(shares: [Fixture.bob])
        job.sessions = [
            Job.Session(
                session: "s", person: Fixture.bob, kind: .shell, from: "192.0.2.7",
                since: Date(timeIntervalSince1970: 0))
        ]
        let invited = String(decoding: try JSON.encode(JobView(job: job, isInvited: true)), as: UTF8.self)
        #expect(invited.contains("\"builder\":{\"state\":\"kept\"}") && invited.contains("bob"))
        for secret in ["127.0.0.1", "2222", "AAAA", "192.0.2.7"] { #expect(!invited.contains(secret)) }
        let others = String(decoding: try JSON.encode(JobView(job: job, isInvited: false)), as: UTF8.self)
        #expect(!others.contains("bob") && others.contains("\"status\":\"failed\""))
    }
}
