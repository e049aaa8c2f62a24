import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Glibc
import Policy
import ServiceClient
import Testing

@testable import Gateway

/// A machine that has dialled the gateway, from its greeting to its end, without I/O.
@Suite final class AttachmentMachineTests {
    typealias Action = AttachmentMachine.Action

    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let visitorKey = try! PublicKey.parse(line: AttachmentGreetingTests.key(7)).key
    private static let greeting = ["user build", "host-key \(TestSession.key.line)", "state failed 2"]

    /// Makes ids that can be told apart.
    final class Ids {
        private(set) var made: [StreamID] = []
        func next() -> StreamID? {
            made.append(StreamID(String(repeating: "0", count: 30) + String(made.count + 10))!)
            return made.last
        }
    }

    private let ids = Ids()
    private var machine: AttachmentMachine

    init() {
        machine = AttachmentMachine(
            .init(key: TestSession.key.line, address: "192.0.2.9", endpoint: "unix:/run/x.sock"),
            key: TestSession.key,
            enter: { "ssh -t builds@gw \($0)" }, newStream: ids.next)
    }

    static func job(
        _ status: Job.Status = .failed, builder: Job.Builder.State? = .kept, sessions: [Job.Session] = []
    ) -> Job {
        var job = Fixture.job(status, builder: builder)
        job.deadline = now.addingTimeInterval(300)
        job.attached = .init(from: "192.0.2.9", key: TestSession.key.fingerprint)
        job.sessions = sessions
        return job
    }

    static func session(_ person: Person, kind: Claim.Kind = .shell) -> Job.Session {
        Job.Session(session: "s\(person.id)", person: person, kind: kind, from: "192.0.2.1", since: now)
    }

    private static func attachment(_ job: Job = job(), name: String? = nil) -> BuildAPI.Attachment {
        var job = job
        job.name = name
        return BuildAPI.Attachment(
            id: "a1", job: job, lease: 60, reconnect: 300, secret: AttachmentMessageTests.secret)
    }

    private func say(_ line: String) -> [Action] { machine.handle(.line(.success(line)), at: Self.now) }
    private func happens(_ event: AttachmentMachine.Event) -> [Action] { machine.handle(event, at: Self.now) }

    private func greet(_ more: [String] = []) -> [Action] {
        for line in Self.greeting + more { #expect(say(line).isEmpty) }
        return say("done")
    }

    private func attach(_ job: Job = job()) {
        _ = greet()
        _ = happens(.attached(Self.attachment(job)))
    }

    private static func said(_ actions: [Action]) -> [String] {
        actions.compactMap { if case .send(.say(let text)) = $0 { text } else { nil } }
    }

    private static func sent(_ actions: [Action]) -> [String] {
        actions.compactMap { if case .send(let order) = $0 { order.line } else { nil } }
    }

    // MARK: The greeting

    @Test func theGatewaySpeaksFirst() {
        #expect(machine.begin() == [.send(.hello), .wait(.greeting, .seconds(20))])
        #expect(AttachmentOrder.hello.line == "sallyport 1")
    }

    @Test func aMachineBecomesAJobAndPeopleReadHowToEnterIt() throws {
        let asked = greet(["name nightly"])
        guard case .attach(let new)? = asked.first, asked.count == 1 else {
            Issue.record("\(asked)")
            return
        }
        #expect(new.name == "nightly" && new.key == TestSession.key.line)
        var attachment = Self.attachment(name: "nightly")
        attachment.certificates = ["ssh-ed25519 AAAA", "\(TestSession.key.line)", "x"]
        let actions = happens(.attached(attachment))
        #expect(
            Self.sent(actions).prefix(4) == [
                "job 42 nightly", "secret \(AttachmentMessageTests.secret)",
                "key \(TestSession.key.line) sallyport", "ready",
            ])
        #expect(
            Self.said(actions) == [
                "This machine is job 42 (nightly). To enter it:", "ssh -t builds@gw connect 42",
                "If nobody comes, it ends in 5 min.",
            ])
        #expect(actions.contains(.watch(attachment)))
        #expect(
            actions.contains(.wait(.heartbeat, .seconds(20))) && actions.contains(.wait(.alive, .seconds(15)))
        )
        #expect(!Self.said(actions).contains { $0.contains(AttachmentMessageTests.secret) })
    }

    @Test func aTakenNameGetsANumber() {
        let conflict = ServiceError(.conflict, detail: "in a test")
        var asked = greet(["name nightly"])
        for wanted in ["nightly", "nightly-2", "nightly-3", "nightly-4", "nightly-5"] {
            guard case .attach(let new)? = asked.first else {
                Issue.record("\(asked)")
                return
            }
            #expect(new.name == wanted)
            asked = happens(.notAttached(conflict))
        }
        #expect(asked == [.refuseMachine(.serviceRefused(conflict, "attach"))])
    }

    @Test func itIsSaidWhichNameItHasGot() {
        _ = greet(["name nightly"])
        _ = happens(.notAttached(ServiceError(.conflict, detail: "in a test")))
        let said = Self.said(happens(.attached(Self.attachment(name: "nightly-2"))))
        #expect(said.first == "The name nightly is taken: this machine is called nightly-2.")
    }

    @Test func aServiceThatRefusesIsQuoted() {
        _ = greet()
        let error = ServiceError(
            .tooMany(nil), problem: Problem(title: "", status: 429, detail: "You have 20 machines."),
            detail: "")
        #expect(happens(.notAttached(error)) == [.refuseMachine(.serviceRefused(error, "attach"))])
        // It is over then.
        #expect(say("bye").isEmpty && happens(.lost).isEmpty)
    }

    @Test func aDamagedGreetingIsRefusedAtOnce() {
        #expect(say("user -x") == [.refuseMachine(.unusableGreeting(.malformed("user")))])
        #expect(say("user build").isEmpty)
    }

    @Test func anEndlessLineAndSilenceAreRefused() {
        let other = AttachmentMachineTests()
        #expect(
            machine.handle(.line(.failure(.endlessLine)), at: Self.now)
                == [.refuseMachine(.unusableGreeting(.endlessLine))])
        #expect(other.happens(.timer(.greeting)) == [.refuseMachine(.unusableGreeting(.silence))])
    }

    @Test func anAnswerWithoutAUsableSecretIsNoAnswer() {
        for secret in [
            nil, "short", "x y" + AttachmentMessageTests.secret, AttachmentMessageTests.secret + "\nopen",
        ] {
            let other = AttachmentMachineTests()
            _ = other.greet()
            var attachment = Self.attachment()
            attachment.secret = secret
            let actions = other.happens(.attached(attachment))
            #expect(
                actions == [
                    .leave(attachment, .bye), .refuseMachine(.senseless("no secret for an attachment")),
                ])
        }
    }

    @Test func whoLeavesBeforeTheAnswerIsForgottenByTheService() {
        _ = greet()
        #expect(happens(.lost) == [.wait(.end, .seconds(5))])
        let attachment = Self.attachment()
        #expect(happens(.attached(attachment)) == [.leave(attachment, .bye)])
        #expect(happens(.left) == [.finish(.success)])
    }

    // MARK: Coming back

    @Test func theSameMachineComesBackWithItsSecret() {
        let asked = greet(["resume 42 \(AttachmentMessageTests.secret)"])
        guard case .resume(let known)? = asked.first else {
            Issue.record("\(asked)")
            return
        }
        #expect(known.job == Fixture.identifier)
        let actions = happens(.attached(Self.attachment()))
        #expect(Self.said(actions) == ["The connection is back. This machine is still job 42."])
    }

    @Test func aWrongSecretIsRefusedWithoutASecondName() {
        _ = greet(["name x", "resume 42 \(AttachmentMessageTests.secret)"])
        let error = ServiceError(.conflict, detail: "other host keys")
        #expect(happens(.notAttached(error)) == [.refuseMachine(.notResumed(error))])
    }

    // MARK: People

    private static let program = VisitorGreeting(session: "abc", kind: .program)
    private static let proxy = VisitorGreeting(session: "abc", kind: .proxy(visitorKey))

    /// While its command runs it has no spare stream.
    private static let running = job(.running, builder: .ready)

    @Test func aProgramGetsAStream() {
        attach(Self.running)
        let id = StreamID(String(repeating: "0", count: 30) + "10")!
        #expect(
            happens(.visitor(1, Self.program))
                == [.expect(id), .send(.open(id)), .wait(.stream(id), .seconds(3))])
        #expect(happens(.streamArrived(id)) == [.handOver(id, 1)])
        // Good once.
        #expect(happens(.streamArrived(id)) == [.endStream(id)])
        #expect(happens(.timer(.stream(id))).isEmpty)
        #expect(happens(.visitorLeft(1)) == [.endStream(id)])
    }

    @Test func idsThatNobodyHasMadeAreNobodys() {
        attach(Self.running)
        let strange = StreamID.random()!
        #expect(happens(.streamArrived(strange)) == [.endStream(strange)])
        _ = happens(.visitor(1, Self.program))
        #expect(happens(.streamArrived(strange)) == [.endStream(strange)])
    }

    /// As when the process that should have brought it found no service.
    @Test func aStreamThatDoesNotComeIsAskedForAgain() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.program))
        let first = ids.made[0]
        #expect(happens(.timer(.stream(first))) == open(1, for: .seconds(7)))
        let second = ids.made[1]
        #expect(happens(.timer(.stream(first))).isEmpty)
        #expect(happens(.streamArrived(second)) == [.forget(first), .handOver(second, 1)])
        #expect(happens(.streamArrived(first)) == [.endStream(first)])
        #expect(happens(.timer(.stream(second))).isEmpty && ids.made.count == 2)
        #expect(happens(.visitorLeft(1)) == [.endStream(second)])
    }

    @Test func aSlowMachinesFirstStreamIsStillGood() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.program))
        let first = ids.made[0]
        _ = happens(.timer(.stream(first)))
        #expect(happens(.streamArrived(first)) == [.forget(ids.made[1]), .handOver(first, 1)])
        #expect(happens(.streamEnded(first)) == [.endStream(first), .dismiss(1)])
    }

    @Test func anIdLastsTenSeconds() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.program))
        let first = ids.made[0]
        _ = happens(.timer(.stream(first)))
        let second = ids.made[1]
        #expect(
            happens(.timer(.stream(second)))
                == [.forget(first), .forget(second), .refuse(1, errno: ETIMEDOUT)])
        #expect(happens(.streamArrived(first)) == [.endStream(first)])
        #expect(happens(.streamArrived(second)) == [.endStream(second)])
    }

    @Test func whoLeavesWaitsForNeither() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.program))
        _ = happens(.timer(.stream(ids.made[0])))
        #expect(happens(.visitorLeft(1)) == [.forget(ids.made[0]), .forget(ids.made[1])])
        #expect(happens(.timer(.stream(ids.made[1]))).isEmpty)
    }

    @Test func aPersonsKeyComesBeforeTheirStreamAndGoesWithThem() {
        attach(Self.running)
        let key = AttachmentOrder.key("\(Self.visitorKey.line) sallyport")
        #expect(happens(.visitor(1, Self.proxy)) == [.send(key), .wait(.visitor(1), .seconds(10))])
        // A second connection of theirs waits for the same key.
        #expect(happens(.visitor(2, Self.proxy)) == [.wait(.visitor(2), .seconds(10))])
        #expect(say("keyed 1").isEmpty && say("keyed 3").isEmpty)
        let opened = say("keyed 2")
        #expect(opened.filter { if case .expect = $0 { true } else { false } }.count == 2)
        #expect(say("keyed 2").isEmpty)
        // A third one has it at once.
        #expect(Self.sent(happens(.visitor(3, Self.proxy))).first?.hasPrefix("open ") == true)
        #expect(Self.sent(happens(.visitorLeft(1))).isEmpty && Self.sent(happens(.visitorLeft(3))).isEmpty)
        #expect(Self.sent(happens(.visitorLeft(2))) == ["unkey \(Self.visitorKey.base64)"])
        // Afterwards it has to come again.
        #expect(happens(.visitor(4, Self.proxy)).first == .send(key))
        #expect(Self.sent(say("keyed 3")).first?.hasPrefix("open ") == true)
    }

    @Test func aKeyThatNeverArrivesIsWaitedForTenSeconds() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.proxy))
        #expect(
            happens(.timer(.visitor(1)))
                == [.send(.unkey(base64: Self.visitorKey.base64)), .refuse(1, errno: ETIMEDOUT)])
    }

    @Test func aThousandOpensAreFortyEight() {
        attach(Self.running)
        var refused = 0
        for visitor in 1...1000
        where happens(.visitor(visitor, Self.program)) == [.refuse(visitor, errno: EUSERS)] {
            refused += 1
        }
        #expect(refused == 1000 - AttachedVisitors.most && ids.made.count == AttachedVisitors.most)
    }

    @Test func nobodyIsLetInBeforeTheMachineIsAttached() {
        #expect(happens(.visitor(1, Self.program)) == [.refuse(1, errno: ENOTCONN)])
    }

    @Test func aStreamThatDiesEndsItsVisitor() {
        attach(Self.running)
        _ = happens(.visitor(1, Self.program))
        _ = happens(.streamArrived(ids.made[0]))
        #expect(happens(.streamEnded(ids.made[0])) == [.endStream(ids.made[0]), .dismiss(1)])
    }

    @Test func aKeyThatFitsIntoNoLineIsRefused() throws {
        var visitors = AttachedVisitors()
        let number = [UInt8](repeating: 1, count: 4000)
        let blob =
            [0, 0, 0, 7] + Array("ssh-rsa".utf8) + [0, 0, 0, 1, 3] + [0, 0, 0x0f, 0xa0] + number
        let key = try PublicKey(type: "ssh-rsa", base64: Data(blob).base64EncodedString())
        let actions = visitors.come(1, VisitorGreeting(session: "a", kind: .proxy(key))) { StreamID.random() }
        #expect(actions == [.refuse(1, errno: E2BIG)])
    }

    // MARK: The spare stream

    private func open(_ stream: Int, for time: Duration = .seconds(10)) -> [Action] {
        let id = ids.made[stream]
        return [.expect(id), .send(.open(id)), .wait(.stream(id), time)]
    }

    @Test func aMachineThatWaitsForPeopleHasAStreamBeforeTheyCome() {
        attach(Self.running)
        #expect(ids.made.isEmpty)
        #expect(happens(.job(Self.job())).suffix(3) == open(0)[...])
        #expect(happens(.job(Self.job())).isEmpty && ids.made.count == 1)
        #expect(happens(.streamArrived(ids.made[0])).isEmpty)
        #expect(happens(.timer(.stream(ids.made[0]))).isEmpty)
        #expect(
            happens(.visitor(1, Self.program)) == [.wait(.spare, .seconds(1)), .handOver(ids.made[0], 1)])
        // Whoever comes before there is another one waits for their own.
        #expect(happens(.visitor(2, Self.program)).contains(.expect(ids.made[1])))
        #expect(happens(.timer(.spare)) == open(2))
        #expect(happens(.timer(.spare)).isEmpty)
        #expect(happens(.streamEnded(ids.made[0])) == [.endStream(ids.made[0]), .dismiss(1)])
    }

    @Test func whoeverComesWhileItIsOnTheWayGetsIt() {
        attach()
        let spare = ids.made[0]
        #expect(
            happens(.visitor(1, Self.program)) == [
                .wait(.spare, .seconds(1)), .wait(.stream(spare), .seconds(3)),
            ])
        #expect(happens(.streamArrived(spare)) == [.handOver(spare, 1)])
        // They are the last one to leave: there is time for the next.
        #expect(happens(.visitorLeft(1)) == [.endStream(spare)] + open(1))
        #expect(happens(.timer(.spare)).isEmpty)
    }

    @Test func whoeverGetsASpareStreamThatNeverComesGetsAnother() {
        attach()
        _ = happens(.visitor(1, Self.program))
        // It is the spare one's time that is over first, or that of whoever came.
        #expect(happens(.timer(.stream(ids.made[0]))) == open(1, for: .seconds(7)))
        #expect(happens(.timer(.stream(ids.made[0]))).isEmpty)
        #expect(happens(.streamArrived(ids.made[1])) == [.forget(ids.made[0]), .handOver(ids.made[1], 1)])
    }

    @Test func aSpareStreamThatDiesIsNotReplacedAtOnce() {
        attach()
        _ = happens(.streamArrived(ids.made[0]))
        #expect(happens(.streamEnded(ids.made[0])) == [.endStream(ids.made[0]), .wait(.spare, .seconds(30))])
        // Nor because somebody leaves.
        _ = happens(.visitor(1, Self.program))
        #expect(happens(.visitorLeft(1)) == [.forget(ids.made[1])])
        #expect(happens(.timer(.spare)) == open(2))
        #expect(
            happens(.timer(.stream(ids.made[2]))) == [.forget(ids.made[2]), .wait(.spare, .seconds(30))])
    }

    @Test func aMachineThatIsLostHasNone() {
        attach()
        _ = happens(.streamArrived(ids.made[0]))
        #expect(happens(.lost).last == .endStream(ids.made[0]))
        #expect(happens(.timer(.spare)).isEmpty && ids.made.count == 1)
    }

    @Test func nobodysLeavingOpensOneAtTheEnd() {
        attach()
        _ = happens(.visitor(1, Self.program))
        _ = happens(.job(Self.job(builder: nil)))
        #expect(happens(.visitorLeft(1)) == [.forget(ids.made[0])])
    }

    @Test func aSuccessWaitsForNobodyElse() {
        attach(Self.running)
        _ = happens(.job(Self.job(.success)))
        #expect(ids.made.isEmpty)
    }

    // MARK: The command, and news

    @Test func aCommandEndsOnce() {
        for line in ["user build", "host-key \(TestSession.key.line)", "state running", "done"] {
            _ = say(line)
        }
        let running = Self.job(.running, builder: .ready)
        let attachment = Self.attachment(running)
        #expect(Self.said(happens(.attached(attachment))).contains("ssh -t builds@gw connect --now 42"))
        #expect(say("exit 2") == [.report(AttachedExit(exitStatus: 2), attachment)])
        #expect(say("exit 0").isEmpty)
        #expect(
            Self.said(happens(.job(Self.job()))) == [
                "The command has failed. To enter this machine:", "ssh -t builds@gw connect 42",
                "If nobody comes, it ends in 5 min.",
            ])
    }

    @Test func aFailedMachineHasNoCommandThatCouldEnd() {
        attach()
        #expect(say("exit 0").isEmpty)
    }

    @Test func whoEntersAndLeavesIsSaid() {
        attach()
        let inside = Self.job(sessions: [Self.session(Fixture.alice)])
        #expect(Self.said(happens(.job(inside))) == ["alice has entered."])
        #expect(Self.said(happens(.timer(.reminder))).isEmpty)
        #expect(Self.said(happens(.job(Self.job()))) == ["alice has left."])
    }

    @Test func everyMinuteNobodyIsInside() {
        attach()
        let actions = happens(.timer(.reminder))
        #expect(
            Self.said(actions) == [
                "Nobody is inside. If nobody comes, it ends in 5 min. To enter:",
                "ssh -t builds@gw connect 42",
            ])
        #expect(actions.last == .wait(.reminder, .seconds(60)))
    }

    @Test func moreTimeIsSaid() {
        attach()
        var extended = Self.job()
        extended.deadline = Self.now.addingTimeInterval(3600)
        #expect(
            Self.said(happens(.job(extended))).first?.hasPrefix("The machine has got more time: it ends at ")
                == true)
    }

    @Test func hostileNamesAreHarmless() {
        attach()
        let mallory = Person(id: "9", name: "mallory\n\u{1b}[2J")
        let lines = Self.sent(happens(.job(Self.job(sessions: [Self.session(mallory)]))))
        #expect(lines == ["say mallory??[2J has entered."])
    }

    @Test func heartbeatsGoOnAndTellOfTheJobToo() {
        attach()
        let actions = happens(.timer(.heartbeat))
        #expect(actions == [.renew(Self.attachment()), .wait(.heartbeat, .seconds(20))])
        #expect(happens(.notRenewed(ServiceError(.timedOut, detail: ""))).isEmpty)
        let inside = Self.job(sessions: [Self.session(Fixture.bob)])
        #expect(Self.said(happens(.renewed(Self.attachment(inside)))) == ["bob has entered."])
        #expect(happens(.timer(.alive)) == [.send(.alive), .wait(.alive, .seconds(15))])
    }

    // MARK: The end

    @Test func theServiceEndsIt() {
        attach()
        var ended = Self.job(builder: nil)
        ended.builderEnd = .init(reason: .kept)
        #expect(
            happens(.job(ended))
                == [
                    .send(.end("Job 42 has ended: nobody entered it in time.")), .wait(.end, .seconds(5)),
                    .forget(ids.made[0]),
                ])
        #expect(happens(.job(ended)).isEmpty)
        #expect(say("bye") == [.finish(.success)])
    }

    @Test func anAttachmentThatAnotherOneHasReplacedEnds() {
        attach()
        #expect(
            Self.sent(happens(.notRenewed(ServiceError(.claimEnded, detail: "")))) == [
                "end Job 42 has ended."
            ])
        #expect(happens(.timer(.end)) == [.finish(.success)])
    }

    @Test(arguments: [("bye", AttachmentDeparture.bye), ("cancelled", .cancelled)])
    func theMachineLeaves(word: String, departure: AttachmentDeparture) {
        attach()
        _ = happens(.visitor(1, Self.program))
        #expect(say(word) == [.leave(Self.attachment(), departure), .wait(.end, .seconds(5))])
        // Whoever is inside reads why from the service; what comes now changes nothing.
        #expect(say("bye").isEmpty && happens(.lost).isEmpty)
        #expect(happens(.left) == [.forget(ids.made[0]), .dismiss(1), .finish(.success)])
    }

    @Test func aLostConnectionCanComeBack() {
        attach()
        _ = happens(.visitor(1, Self.program))
        _ = happens(.streamArrived(ids.made[0]))
        #expect(
            happens(.lost) == [
                .endStream(ids.made[0]), .dismiss(1), .leave(Self.attachment(), .lost),
                .wait(.end, .seconds(5)),
            ])
        #expect(happens(.timer(.end)) == [.finish(.success)])
    }

    @Test func afterReadyDamagedLinesChangeNothingButAnEndlessOneDoes() {
        attach()
        #expect(say("keyed x").isEmpty && say("user root").isEmpty && say("done").isEmpty)
        #expect(
            machine.handle(.line(.failure(.endlessLine)), at: Self.now).first
                == .leave(Self.attachment(), .lost))
    }

    @Test func aKeyThatIsTakenAwayEndsIt() {
        attach()
        let refusal = Refusal.denied(.unknownKey(fingerprint: "SHA256:abc"))
        let actions = happens(.revoked(refusal))
        #expect(actions.contains(.leave(Self.attachment(), .bye)))
        #expect(Self.sent(actions).first?.hasPrefix("end Your key SHA256:abc is unknown here.") == true)
    }
}
