import Audit
import BuildAPI
import CommandGrammar
import ConfigurationFile
import EventLoop
import Policy
import Testing

@testable import Gateway

@Suite struct SessionAuditTests {
    private func session(
        _ command: String, commands: Bool = false, isReasonRequired: Bool = false
    ) -> TestSession {
        TestSession(on: EventLoop(), command: command) {
            $0.gateway.auditsCommands = commands
            if isReasonRequired { $0.gateway.administratorReason = .required }
        }
    }

    /// What a person types can be anything, a password too.
    @Test(arguments: [
        "TOKEN=hunter2 make", "connect 42 --hunter2", "conect hunter2", "list hunter2", "'hunter2",
    ])
    func wordsOfCommandsStayOut(command: String) {
        for commands in [false, true] {
            let session = session(command, commands: commands)
            do throws(UsageError) {
                _ = try Request(originalCommand: Array(command.utf8))
                Issue.record("\(command) is understood")
            } catch {
                session.context.audit.refused(.usage(error))
            }
            let text = session.audit.map { "\($0.values)" }.joined()
            #expect(!session.audit.isEmpty && (commands || !text.contains("hunter2")), "\(text)")
        }
    }

    /// A refusal says what was wanted, also if nobody is let in.
    @Test func aRefusalSaysWhatWasWanted() throws {
        let session = session("connect 7")
        let audit = session.context.audit
        audit.wanted(.success(try Request(originalCommand: Array("connect 7".utf8))))
        audit.refused(.denied(.unknownKey(fingerprint: "SHA256:x")))
        #expect(session.audit.map(\.event) == [.decision, .refusal])
        for record in session.audit { #expect(record[.verb] == "connect" && record[.job] == "7") }
        #expect(session.audit[0][.decision] == "deny" && session.audit[1][.decision] == nil)
    }

    @Test(
        arguments: [
            ("connect 7", nil), ("connect 7 --reason", nil), ("connect 7 --reason \"\"", nil),
            ("connect 7 --reason \"  \"", nil), ("connect 7 --reason \u{200b}", nil),
            ("connect 7 --reason the disk is full", "the disk is full"),
            ("connect 7 --reason \"the disk\" -- df -h", "the disk"), ("proxy 7 --reason scp", "scp"),
        ] as [(String, String?)])
    func reasons(command: String, reason: String?) {
        guard case .job(let command)? = try? Request(originalCommand: Array(command.utf8)) else {
            return #expect(reason == nil)
        }
        #expect((command as? any EnteringCommand)?.reason == reason)
    }

    @Test(arguments: [nil, "why"] as [String?]) func anAdministratorMustSayWhy(reason: String?) throws {
        let key = Key(
            fingerprint: "SHA256:x", type: "ssh-ed25519", key: "AAAA", comment: "",
            owner: Person(id: "9", name: "root"), suspended: false, administrator: true)
        let principal = try Principal.identify(key, fingerprint: "SHA256:x")
        let job = Fixture.job()
        let permit = try Permit.decide(.enter, on: job.id, job, for: principal)
        #expect(permit.standing == .administrator)
        let text = "connect \(job.id)" + (reason.map { " --reason \($0)" } ?? "")
        guard case .job(let command) = try Request(originalCommand: Array(text.utf8)) else {
            Issue.record("no job")
            return
        }
        let entering = try #require(command as? any EnteringCommand)
        for isRequired in [false, true] {
            let session = session(text, isReasonRequired: isRequired)
            let refused = (try? entering.requireReason(permit, in: session.context)) == nil
            #expect(refused == (isRequired && reason == nil))
        }
    }
}
