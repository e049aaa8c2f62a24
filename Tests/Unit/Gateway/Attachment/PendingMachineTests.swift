import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Glibc
import Policy
import ServiceClient
import Testing

@testable import Gateway

/// A machine that is nobody's, from its greeting until somebody adopts it, or nobody does; without I/O.
@Suite final class PendingMachineTests {
    typealias Action = AttachmentMachine.Action

    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private var now = start
    private var machine = PendingMachineTests.machine()

    private static func machine(stranger: Refusal? = nil) -> AttachmentMachine {
        AttachmentMachine(
            .init(key: TestSession.key.line, address: "192.0.2.9", endpoint: "unix:/run/x.sock"),
            key: TestSession.key, stranger: stranger, enter: { "ssh -t builds@gw \($0)" })
    }

    private static func pairing(
        _ code: String? = "K7M-2QX", expires: Double = 300, lease: UInt32 = 60,
        attachment: BuildAPI.Attachment? = nil
    ) -> Pairing {
        Pairing(
            id: "p1", code: code, expires: start.addingTimeInterval(expires), lease: lease,
            attachment: attachment)
    }

    private static func attachment(_ status: Job.Status = .failed) -> BuildAPI.Attachment {
        BuildAPI.Attachment(
            id: "p1", job: AttachmentMachineTests.job(status), lease: 60, reconnect: 300,
            secret: AttachmentMessageTests.secret)
    }

    private func happens(_ event: AttachmentMachine.Event) -> [Action] { machine.handle(event, at: now) }

    private func say(_ line: String) -> [Action] { happens(.line(.success(line))) }

    private func greet(_ more: [String] = ["pair"], state: String = "failed 2") -> [Action] {
        for line in ["user build", "host-key \(TestSession.key.line)", "state \(state)"] + more {
            #expect(say(line).isEmpty)
        }
        return say("done")
    }

    @discardableResult
    private func pair(_ more: [String] = ["pair"], state: String = "failed 2") -> [Action] {
        _ = greet(more, state: state)
        return happens(.paired(Self.pairing()))
    }

    private static func said(_ actions: [Action]) -> [String] {
        actions.compactMap { if case .send(.say(let text)) = $0 { text } else { nil } }
    }

    private static func sent(_ actions: [Action]) -> [String] {
        actions.compactMap { if case .send(let order) = $0 { order.line } else { nil } }
    }

    private static let renewal = Action.renewPairing(pairing())

    /// However short its lease is.
    @Test func aMachineThatWaitsIsRenewedInTime() {
        _ = greet()
        #expect(happens(.paired(Self.pairing(lease: 3))).contains(.wait(.pairing, .seconds(1))))
        #expect(happens(.timer(.pairing)) == [.renewPairing(Self.pairing(lease: 3))])
        #expect(happens(.pairingRenewed(Self.pairing(nil, lease: 3))) == [.wait(.pairing, .seconds(1))])
    }

    @Test func theCodeIsSaidOnceWithTheWholeLine() {
        let asked = greet()
        guard case .pair(let new)? = asked.first, asked.count == 1 else {
            Issue.record("\(asked)")
            return
        }
        #expect(new.exitStatus == 2 && !new.running)
        let actions = happens(.paired(Self.pairing()))
        #expect(
            Self.sent(actions) == [
                "ready", "say This machine is nobody's yet. You can make it yours and enter it within 5 min:",
                "say ssh -t builds@gw adopt K7M-2QX",
            ])
        #expect(
            actions.contains(.wait(.pairing, .seconds(3))) && actions.contains(.wait(.alive, .seconds(15))))
        var later: [Action] = []
        for second in stride(from: 3.0, to: 300, by: 3) {
            now = Self.start.addingTimeInterval(second)
            later += happens(.timer(.pairing)) + happens(.pairingRenewed(Self.pairing(nil)))
            later += happens(.timer(.alive)) + happens(.timer(.reminder))
        }
        #expect(!"\(later)".contains("K7M") || !Self.sent(later).contains { $0.contains("K7M") })
        #expect(later.count { $0 == Self.renewal } == 99 && later.contains(.send(.alive)))
    }

    @Test func itIsSaidForWhomItIs() {
        _ = greet(["for bob", "pair"])
        let said = Self.said(happens(.paired(Self.pairing())))
        #expect(said[0] == "This machine is nobody's yet. bob can make it theirs and enter it within 5 min:")
    }

    @Test func whoeverAdoptsItIsNamedAndItIsTheirJobThen() {
        pair(["pair", "name nightly"])
        #expect(happens(.timer(.pairing)) == [Self.renewal])
        let attachment = Self.attachment()
        let actions = happens(.pairingRenewed(Self.pairing(nil, attachment: attachment)))
        #expect(
            Self.sent(actions).prefix(4) == [
                "job 42", "secret \(AttachmentMessageTests.secret)", "key \(TestSession.key.line) sallyport",
                "ready",
            ])
        #expect(Self.said(actions).first == "alice has adopted this machine.")
        #expect(Self.said(actions).contains("ssh -t builds@gw connect 42"))
        #expect(actions.contains(.watch(attachment)) && actions.contains(.wait(.heartbeat, .seconds(20))))
        // It is like every other one now.
        #expect(happens(.timer(.pairing)).isEmpty)
        #expect(happens(.timer(.heartbeat)).first == .renew(attachment))
    }

    @Test func whoComesBeforeTheGatewayKnowsWaitsAndItAsksAtOnce() throws {
        pair()
        let visitor = VisitorGreeting(session: "s1", kind: .program)
        #expect(happens(.visitor(1, visitor)) == [Self.renewal])
        // The next one comes after the question; one of them has gone.
        #expect(happens(.visitor(2, visitor)).isEmpty && happens(.visitor(3, visitor)).isEmpty)
        #expect(happens(.visitorLeft(2)).isEmpty)
        #expect(happens(.pairingRenewed(Self.pairing(nil))) == [Self.renewal])
        let actions = happens(.pairingRenewed(Self.pairing(nil, attachment: Self.attachment())))
        let opened = actions.compactMap { action -> StreamID? in
            if case .expect(let stream) = action { stream } else { nil }
        }
        try #require(opened.count == 2)
        let arrived = opened.flatMap { happens(.streamArrived($0)) }
        #expect(arrived == [.handOver(opened[0], 1), .handOver(opened[1], 3)])
        #expect(Self.sent(actions).count { $0.hasPrefix("open ") } == 2)
    }

    @Test func nobodyEntersAMachineThatNobodyHasAdopted() {
        pair()
        _ = happens(.visitor(1, VisitorGreeting(session: "s1", kind: .program)))
        #expect(happens(.pairingRenewed(Self.pairing(nil))) == [.refuse(1, errno: ENOTCONN)])
    }

    /// The service is asked every three seconds, and the script told every fifteen that it is alive, whoever comes.
    @Test func thereIsOneTimerOfEachKind() {
        _ = greet()
        var waits = happens(.paired(Self.pairing()))
        for visitor in 1...5 {
            waits += happens(.visitor(visitor, VisitorGreeting(session: "s", kind: .program)))
            waits += happens(.pairingRenewed(Self.pairing(nil)))
        }
        #expect(waits.count { $0 == .wait(.pairing, .seconds(3)) } == 1)
        waits += happens(.timer(.pairing)) + happens(.pairingRenewed(Self.pairing(nil)))
        #expect(waits.count { $0 == .wait(.pairing, .seconds(3)) } == 2)
        _ = happens(.timer(.pairing))
        waits += happens(.pairingRenewed(Self.pairing(nil, attachment: Self.attachment())))
        #expect(waits.count { $0 == .wait(.alive, .seconds(15)) } == 1)
        #expect(happens(.timer(.alive)) == [.send(.alive), .wait(.alive, .seconds(15))])
    }

    /// Its time for a question comes before the answer to the last one.
    @Test func aMachineThatIsForgottenIsToldAnewOnce() {
        pair()
        _ = happens(.visitor(1, VisitorGreeting(session: "s", kind: .program)))
        let again = happens(.pairingNotRenewed(ServiceError(.noSuchJob, detail: "")))
        #expect(again.count == 2 && again.first == .refuse(1, errno: ENOTCONN))
        #expect(happens(.timer(.pairing)).isEmpty)
        #expect(happens(.paired(Self.pairing("222-333"))).last == .wait(.pairing, .seconds(3)))
    }

    @Test func whenNobodyHasAdoptedItInTimeItEnds() {
        pair()
        _ = happens(.timer(.pairing))
        now = Self.start.addingTimeInterval(301)
        let actions = happens(.pairingNotRenewed(ServiceError(.builderGone, detail: "")))
        #expect(Self.sent(actions) == ["end Nobody has adopted this machine in time."])
        #expect(actions.contains(.endPairing(Self.pairing())))
        #expect(happens(.lost).isEmpty && happens(.left) == [.finish(.success)])
    }

    /// Somebody has adopted and released it before the gateway has asked.
    @Test func whyItHasEndedIsWhatTheServiceSays() {
        pair()
        _ = happens(.timer(.pairing))
        let detail = "Somebody has adopted this machine, and their job has ended."
        let gone = ServiceError(
            .builderGone, problem: Problem(title: "", status: 410, detail: detail), detail: "")
        #expect(Self.sent(happens(.pairingNotRenewed(gone))) == ["end \(detail)"])
    }

    @Test func aServiceThatHasForgottenItGivesAnotherCodeButNoMoreTime() {
        pair()
        now = Self.start.addingTimeInterval(120)
        _ = happens(.timer(.pairing))
        let forgotten = ServiceError(.noSuchJob, detail: "")
        guard case .pair? = happens(.pairingNotRenewed(forgotten)).first else {
            Issue.record("it is not told again")
            return
        }
        let other = Self.pairing("222-333", expires: 420)
        #expect(
            Self.said(happens(.paired(other))) == [
                "The code before is no longer good. You can make it yours and enter it within 3 min:",
                "ssh -t builds@gw adopt 222-333",
            ])
        #expect(happens(.timer(.pairing)) == [.renewPairing(other)])
        now = Self.start.addingTimeInterval(300)
        let end = happens(.pairingNotRenewed(forgotten))
        #expect(Self.sent(end) == ["end Nobody has adopted this machine in time."])
    }

    @Test func aServiceThatIsAwayIsAskedAgainUntilTheTimeIsUp() {
        pair()
        let away = ServiceError(.unreachable, detail: "")
        _ = happens(.timer(.pairing))
        #expect(happens(.pairingNotRenewed(away)) == [.wait(.pairing, .seconds(3))])
        _ = happens(.timer(.pairing))
        _ = happens(.pairingNotRenewed(ServiceError(.noSuchJob, detail: "")))
        #expect(happens(.notPaired(away)) == [.wait(.pairing, .seconds(3))])
        guard case .pair? = happens(.timer(.pairing)).first else {
            Issue.record("it is not told again")
            return
        }
        now = Self.start.addingTimeInterval(311)
        let end = happens(.notPaired(away))
        // There is nothing to end at the service.
        #expect(Self.sent(end) == ["end Nobody has adopted this machine in time."])
        #expect(end.last == .finish(.success))
    }

    @Test func aServiceThatDoesNotWantItIsQuoted() {
        _ = greet()
        let error = ServiceError(
            .notPermitted, problem: Problem(title: "", status: 403, detail: "There is none."), detail: "")
        #expect(happens(.notPaired(error)) == [.refuseMachine(.serviceRefused(error, "attach"))])
    }

    // MARK: The command

    @Test func aSuccessNeedsNobody() {
        pair(state: "running")
        let actions = say("exit 0")
        #expect(Self.sent(actions) == ["end The command has succeeded, so nobody has to adopt this machine."])
        #expect(actions.contains(.endPairing(Self.pairing())))
    }

    @Test func aFailureBeforeItIsAdoptedIsTold() {
        pair(state: "running")
        #expect(say("exit 3").isEmpty && say("exit 0").isEmpty)
        let running = Self.attachment(.running)
        let actions = happens(.pairingRenewed(Self.pairing(nil, attachment: running)))
        #expect(actions.contains(.report(AttachedExit(exitStatus: 3), running)))
    }

    @Test func aFailureIsToldToAServiceThatHasForgottenTheMachine() {
        pair(state: "running")
        _ = say("exit 3")
        _ = happens(.timer(.pairing))
        guard
            case .pair(let new)? = happens(.pairingNotRenewed(ServiceError(.noSuchJob, detail: ""))).first
        else {
            Issue.record("it is not told again")
            return
        }
        #expect(!new.running && new.exitStatus == 3)
    }

    // MARK: It goes

    @Test(arguments: ["bye", "cancelled", nil])
    func aMachineThatLeavesTakesItsCodeWithIt(line: String?) {
        pair()
        _ = happens(.visitor(1, VisitorGreeting(session: "s1", kind: .program)))
        let actions = line.map(say) ?? happens(.lost)
        #expect(
            actions == [
                .refuse(1, errno: ENOTCONN), .endPairing(Self.pairing()), .wait(.end, .seconds(5)),
            ])
        #expect(happens(.left) == [.finish(.success)])
    }

    @Test func aMachineThatIsGoneBeforeItsCodeCameHasNone() {
        _ = greet()
        #expect(happens(.lost) == [.wait(.end, .seconds(5))])
        #expect(happens(.paired(Self.pairing())).first == .endPairing(Self.pairing()))
    }

    @Test func aRevokedKeyEndsIt() {
        pair()
        let actions = happens(.revoked(.denied(.suspended(Fixture.alice))))
        #expect(actions.contains(.endPairing(Self.pairing())))
        #expect(Self.sent(actions).first?.hasPrefix("end Your account") == true)
    }

    // MARK: Keys of nobody

    private static let unknown = Refusal.denied(.unknownKey(fingerprint: "SHA256:a"))

    @Test func aStrangersMachineThatDoesNotPairIsRefused() {
        machine = Self.machine(stranger: Self.unknown)
        #expect(greet([]) == [.refuseMachine(Self.unknown)])
        machine = Self.machine(stranger: Self.unknown)
        #expect(happens(.lost) == [.refuseMachine(Self.unknown)])
        machine = Self.machine(stranger: Self.unknown)
        guard case .pair? = greet().first else {
            Issue.record("it is not a machine that pairs")
            return
        }
    }

    /// Lost connections are resumed as those of every machine.
    @Test func aMachineThatSomebodyHasAdoptedComesBack() {
        machine = Self.machine(stranger: Self.unknown)
        guard
            case .resume(let resumption)? = greet(["pair", "resume 42 \(AttachmentMessageTests.secret)"])
                .first
        else {
            Issue.record("it is another machine")
            return
        }
        #expect(resumption.job.description == "42")
    }
}
