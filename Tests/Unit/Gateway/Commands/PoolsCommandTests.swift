import AuthorizedKeys
import BuildAPI
import CommandGrammar
import EventLoop
import Foundation
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// `pools`, and `submit` with what they are for.
@Suite struct PoolsCommandTests {
    private let time = VirtualTime()
    private let test: TestSession

    init() {
        test = TestSession(on: EventLoop(time))
        test.service.offersSelfService = true
    }

    private func run(_ text: String) throws -> ExitStatus {
        guard case .personal(let command) = try Request(originalCommand: Array(text.utf8)) else {
            fatalError("“\(text)” is about a job")
        }
        let running = try command.run(for: try Fixture.known(Fixture.alice), in: test.context)
        return withExtendedLifetime(running) { test.context.client.run() }
    }

    private static let local = BuilderPool(
        name: "local", description: "this host", arch: ["x86_64"], max: 4, free: 3, waiting: 0,
        isDefault: true)

    @Test func theyAreListed() throws {
        test.service.pools = [Self.local]
        #expect(try run("pools") == .success)
        let said = test.said
        #expect(
            said.output == "local  x86_64  3 of 4 free, the default\n    this host\n" && said.errors.isEmpty)
    }

    @Test func jsonIsWhatTheServiceSays() throws {
        test.service.pools = [Self.local]
        #expect(try run("pools --json") == .success)
        let said = test.said
        #expect(try JSON.decode(PoolList.self, from: Data(said.output.utf8)).pools == [Self.local])
        #expect(said.errors.isEmpty)
    }

    /// It answers 404, or has no such requests at all.
    @Test(arguments: [true, false]) func aServiceWithoutPoolsIsCalledThat(offersSelfService: Bool) throws {
        test.service.offersSelfService = offersSelfService
        #expect(try run("pools") == .success)
        let said = test.said
        #expect(said.output.isEmpty && said.errors == "sallyport: This build service has no pools.\n")
        let other = PoolsCommandTests()
        other.test.service.offersSelfService = offersSelfService
        #expect(try other.run("pools --json") == .success)
        let json = other.test.said
        #expect(json.output == #"{"pools":[]}"# + "\n" && json.errors.isEmpty)
    }

    @Test func aServiceThatDoesNotAnswerIsAnotherMatter() throws {
        test.service.refusal = Fixture.serviceError(.unreachable)
        #expect(try run("pools") == .tryAgain)
        #expect(test.said.errors.contains("The build service cannot be reached."))
    }

    @Test(
        arguments: [
            ("submit --pool lab", "lab", nil), ("submit --arch aarch64 --follow", nil, .arm64),
            ("submit --arch amd64 --pool lab", "lab", .amd64),
        ] as [(String, String?, Architecture?)])
    func aJobAsksForOne(text: String, pool: String?, arch: Architecture?) throws {
        var key = Fixture.key(of: Fixture.alice)
        key.fingerprint = TestSession.key.fingerprint
        test.service.keys = [key.fingerprint: key]
        test.service.pools = [Self.local]
        time.events = test.type("image: debian\n")
        test.endInput()
        _ = try run(text)
        #expect(test.service.submissions.map(\.pool) == [pool])
        #expect(test.service.submissions.map(\.arch) == [arch])
    }

    /// The job would run on a machine that nobody wants.
    @Test(arguments: ["submit --pool lab", "submit --arch arm64", "submit --tar --arch arm64"])
    func aServiceWithoutPoolsGetsNoSuchJob(text: String) throws {
        #expect(try run(text) == .usage)
        #expect(test.service.requests == ["pools"])
        #expect(test.said.errors.contains("This build service has no pools. Leave out --pool and --arch."))
    }

    @Test func othersAreNotAskedForPools() throws {
        test.endInput()
        _ = try run("submit")
        #expect(!test.service.requests.contains("pools"))
    }

    @Test func anArchitectureIsAWord() {
        let error = #expect(throws: UsageError.self) { try run("submit --arch ../x") }
        #expect(
            error?.description
                == "“../x” is not a processor architecture. Write one such as x86_64 or arm64.")
    }
}

/// What people read about pools.
@Suite struct PoolTextTests {
    private static let now = Date(timeIntervalSince1970: 1_000_000)

    private func text(_ pools: BuilderPool...) -> String { PoolText(pools, at: Self.now).text }

    @Test func eachHasALineWithWhatIsFree() {
        let pools = [
            BuilderPool(
                name: "local", arch: ["x86_64", "arm64"], max: 4, free: 3, waiting: 0, isDefault: true),
            BuilderPool(name: "cluster", arch: ["x86_64"], max: 8, free: 8), BuilderPool(name: "bare"),
        ]
        #expect(
            PoolText(pools).text == """
                local    x86_64, arm64  3 of 4 free, the default
                cluster  x86_64         8 of 8 free
                bare     -

                """)
    }

    @Test(
        arguments: [
            (4, 0, 0, "full: 4 of 4 in use"), (4, 0, 1, "full: 4 of 4 in use, 1 job waits"),
            (4, 0, 3, "full: 4 of 4 in use, 3 jobs wait"), (4, 1, 3, "3 jobs wait"),
            (0, 0, 0, "no builders at the moment"), (0, 0, 2, "no builders at the moment, 2 jobs wait"),
            (nil, 0, nil, "full"),
        ] as [(Int?, Int, Int?, String)])
    func itSaysWhyNot(max: Int?, free: Int, waiting: Int?, sentence: String) {
        let text = text(BuilderPool(name: "lab", max: max, free: free, waiting: waiting))
        #expect(text.hasSuffix("\n    \(sentence)\n"), "\(text)")
    }

    @Test(
        arguments: [
            (40, "not now: Slurm: Priority; asked again in 40 s"),
            (0, "not now: Slurm: Priority; asked again now"),
            (-5, "not now: Slurm: Priority; asked again now"), (nil, "not now: Slurm: Priority"),
        ] as [(Int?, String)])
    func itSaysWhatTheAllocatorSays(seconds: Int?, sentence: String) {
        let again = seconds.map { Self.now.addingTimeInterval(Double($0)) }
        let text = text(
            BuilderPool(
                name: "lab", max: 2, free: 2, waiting: 1,
                refusal: .init(detail: "Slurm: Priority", again: again)))
        #expect(text == "lab  -  2 of 2 free\n    1 job waits\n    \(sentence)\n")
    }

    @Test func keysThatNobodyVouchesForAreMarked() {
        let text = text(BuilderPool(name: "lab", firstUse: true))
        #expect(
            text == "lab  -\n    host keys can be those that a machine shows first: nobody vouches for them\n"
        )
    }

    @Test func nothingOfAServicesTextDoesAnything() {
        let evil = "\u{1b}[2J\n" + String(repeating: "x", count: 1000)
        let text = text(
            BuilderPool(name: evil, description: evil, arch: [evil], refusal: .init(detail: evil)))
        #expect(!text.contains("\u{1b}") && text.split(separator: "\n").count == 3)
        #expect(text.utf8.count < 1000)
    }
}
