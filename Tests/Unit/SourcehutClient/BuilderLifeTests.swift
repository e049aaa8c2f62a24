import BuildAPI
import FoundationEssentials
import Testing

@testable import ServiceClient
@testable import SourcehutClient

/// Whether the port that the worker names still belongs to the job's builder.
@Suite struct BuilderLifeTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func info(
        _ status: Job.Status, port: UInt16 = 22005, task: Int = 3, tasks: Int = 10,
        deadline: TimeInterval = 3600
    ) -> WorkerInfo {
        WorkerInfo(
            status: status, deadline: now + deadline, note: nil, ownerID: 1, username: "drew", port: port,
            task: task, tasks: tasks)
    }

    static func end(ago seconds: TimeInterval, over: Bool = false) -> LogEnd {
        LogEnd(lastWritten: now - seconds, isOver: over)
    }

    static let lives: [(WorkerInfo, BuilderLife, Job.Builder.State?)] = [
        (info(.pending), BuilderLife(), nil),
        (info(.queued), BuilderLife(), nil),
        (info(.running, port: 0, task: 0, tasks: 0), BuilderLife(), .booting),
        (info(.running, port: 0), BuilderLife(), .booting),
        (info(.running, task: 0, tasks: 0), BuilderLife(), .booting),
        (info(.running), BuilderLife(), .ready),
        (info(.running, task: 10), BuilderLife(), .kept),
        (info(.running, deadline: 0), BuilderLife(), nil),
        (info(.failed), BuilderLife(), .kept),
        (info(.failed), BuilderLife(logEnd: end(ago: 599)), .kept),
        (info(.failed), BuilderLife(logEnd: end(ago: 600)), nil),
        (info(.failed), BuilderLife(logEnd: end(ago: 601), isClaimed: true), .kept),
        (info(.failed), BuilderLife(logEnd: end(ago: 1, over: true)), nil),
        (info(.failed), BuilderLife(logEnd: end(ago: 1, over: true), isClaimed: true), nil),
        (info(.failed), BuilderLife(isTerminated: true), nil),
        (info(.running, task: 10), BuilderLife(isTerminated: true), nil),
        (info(.failed, deadline: -1), BuilderLife(isClaimed: true), nil),
        (info(.failed, port: 0), BuilderLife(), nil),
        (info(.failed, task: 0, tasks: 0), BuilderLife(), nil),
        (info(.success), BuilderLife(isClaimed: true), nil),
        (info(.timeout), BuilderLife(isClaimed: true), nil),
        (info(.cancelled), BuilderLife(isClaimed: true), nil),
    ]

    @Test(arguments: lives)
    func aBuilderIsThereOrNot(info: WorkerInfo, life: BuilderLife, state: Job.Builder.State?) {
        #expect(life.state(of: info, at: Self.now) == state)
    }

    @Test func aBuilderIsKeptForTenMinutesOrToItsDeadline() {
        let life = BuilderLife(logEnd: Self.end(ago: 60))
        #expect(life.keptUntil(Self.info(.failed)) == Self.now + 540)
        #expect(life.keptUntil(Self.info(.failed, deadline: 100)) == Self.now + 100)
        let claimed = BuilderLife(logEnd: Self.end(ago: 60), isClaimed: true)
        #expect(claimed.keptUntil(Self.info(.failed)) == Self.now + 3600)
    }

    @Test(
        arguments: [
            (info(.failed), info(.failed), Job.Builder.State.kept, true),
            (info(.running, task: 10), info(.running, task: 10), .kept, true),
            (info(.failed), info(.failed), nil, false),
            (info(.running), info(.running), .ready, false),
            (info(.running), info(.failed), .kept, false),
            (info(.failed), info(.failed, deadline: 3601), .kept, false),
        ] as [(WorkerInfo, WorkerInfo, Job.Builder.State?, Bool)])
    func aLogoutEndsOnlyWhatIsAsItWas(
        last: WorkerInfo, now: WorkerInfo, state: Job.Builder.State?, mayEnd: Bool
    ) {
        #expect(SourcehutService.Inside(session: "s", info: last).mayEnd(now, state) == mayEnd)
    }

    @Test(
        arguments: [
            (200, "claimed", "claimed", nil), (404, "404 not found", nil, nil),
            (405, "405 method not allowed", nil, .refused), (500, "", nil, .unavailable),
        ] as [(Int, String, String?, ServiceError.Code?)])
    func answersArePlainText(status: Int, text: String, body: String?, code: ServiceError.Code?) {
        switch SourcehutService.body(of: .success(HTTPResponse(status: status, body: Array(text.utf8)))) {
        case .success(let found): #expect(found == body.map { Array($0.utf8) } && code == nil)
        case .failure(let error): #expect(error.code == code)
        }
    }

    @Test(arguments: [
        (info(.running), Job.Status.running), (info(.running, task: 10), .success),
        (info(.running, task: 0, tasks: 0), .running), (info(.running, deadline: -1), .timeout),
        (info(.failed, deadline: -1), .failed), (info(.cancelled), .cancelled),
    ])
    func theStatusIsThatOfTheTasks(info: WorkerInfo, status: Job.Status) {
        #expect(BuilderLife.status(of: info, at: Self.now) == status)
    }

    @Test(arguments: [
        ("[#42] 2026/11/21 10:00:00 Build failed.\n", false),
        ("[#42] 2026/11/21 10:00:00 The build environment will be kept alive for 10 minutes.\n", false),
        ("[#42] 2026/11/21 10:10:00 Deadline elapsed. Terminating build environment.\n", true),
        ("[#42] 2026/11/21 10:10:00 Error: exit status 1\n", true),
        ("[#42] 2026/11/21 10:10:00 Error: exit status 1", true),
        ("e of a line\n[#42] 2026/11/21 10:10:00 Error: exit status 1\nand more\n", true),
        ("[#43] 2026/11/21 10:10:00 Error: exit status 1\n", false),
        ("Error: exit status 1\r\n", false), ("", false),
    ])
    func theLogSaysThatTheBuilderEnds(text: String, isOver: Bool) throws {
        let job = try #require(JobID("42"))
        #expect(LogEnd(text.utf8, of: job, lastWritten: nil).isOver == isOver)
    }

    @Test(arguments: [
        ("build", true), ("a", true), ("0_-", true), (String(repeating: "x", count: 128), true),
        (String(repeating: "x", count: 129), false), ("", false), ("..", false), ("Build", false),
        ("a/b", false), ("a b", false), ("é", false),
    ])
    func aTasksNameIsOneThatTheWorkerAllows(name: String, isValid: Bool) {
        #expect(TaskName.isValid(name) == isValid)
    }

    @Test func tasksAreTheFoldersOfAPage() {
        let page =
            "<pre>\n<a href=\"build/\">build/</a>\n<a href=\"log\">log</a>\n<a href=\"../\">up</a>\n</pre>"
        #expect(TaskFolders.names(in: Array(page.utf8)) == ["build"])
    }
}
