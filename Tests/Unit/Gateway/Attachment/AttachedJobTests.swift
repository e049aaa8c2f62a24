import BuildAPI
import ConfigurationFile
import EventLoop
import Foundation
import ServiceClient
import Testing

@testable import Gateway

/// The log of a machine's command, from `attach-log` to the service: what ends it, and what does not.
@Suite("The log of an attached machine, at its end and after a lost connection")
final class AttachedJobTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "attached-\(UUID())").path
    private let loop = EventLoop()
    private let machines = MemoryAttachments()

    init() { signal(SIGPIPE, SIG_IGN) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func session() -> TestSession {
        TestSession(on: loop) { [path] configuration in configuration.gateway.attached = path }
    }

    private func job(of test: TestSession, endPause: Duration) throws -> AttachedJob {
        let attachment = BuildAPI.Attachment(
            id: "a1", job: AttachmentMachineTests.job(), lease: 60, reconnect: 300, secret: nil)
        return AttachedJob(
            attachment, for: Fixture.alice, machines, try AttachmentFolder(path), in: test.context,
            endPause: endPause
        ) { _ in }
    }

    /// `attach-log`, as the script starts it.
    private func sender() throws -> (test: TestSession, handover: StreamHandover) {
        let test = session()
        return (
            test,
            try StreamHandover.begin(
                AttachedJob.logSocket(of: Fixture.identifier, for: test.context), in: test.context)
        )
    }

    private var log: String { String(decoding: machines.log, as: UTF8.self) }

    @Test("the end of the log is told once, after attach-log has ended")
    func end() throws {
        let machine = session()
        let job = try job(of: machine, endPause: .milliseconds(10))
        let sender = try sender()
        _ = sender.test.type("failed\n")
        sender.test.endInput()
        #expect(sender.test.context.client.run() == .success)
        #expect(log == "failed\n" && !machines.requests.contains("log ended"))
        loop.wait("the end") { self.machines.requests.contains("log ended") }
        #expect(machines.requests.filter { $0.hasPrefix("log") } == ["log sent", "log ended"])
        withExtendedLifetime((job, sender)) {}
    }

    @Test("a lost connection ends attach-log before the control line, and is no end of the log")
    func lost() throws {
        let machine = session()
        let job = try job(of: machine, endPause: .milliseconds(10))
        let sender = try sender()
        _ = sender.test.type("compiling\n")
        loop.wait("the line") { self.log == "compiling\n" }
        sender.test.endInput()
        #expect(sender.test.context.client.run() == .success)
        job.stop()
        var hasPassed = false
        loop.timer(after: .milliseconds(30)) { hasPassed = true }
        loop.wait("the pause") { hasPassed }
        #expect(machines.requests.filter { $0.hasPrefix("log") } == ["log sent"])
        withExtendedLifetime((job, sender)) {}
    }

    @Test("the log goes on through another attach-log of the same connection")
    func another() throws {
        let machine = session()
        let job = try job(of: machine, endPause: .milliseconds(100))
        for (line, all) in [("one\n", "one\n"), ("two\n", "one\ntwo\n")] {
            let sender = try sender()
            _ = sender.test.type(line)
            loop.wait(line) { self.log == all }
            sender.test.endInput()
            #expect(sender.test.context.client.run() == .success)
            withExtendedLifetime(sender) {}
        }
        loop.wait("the end") { self.machines.requests.contains("log ended") }
        #expect(machines.requests.filter { $0.hasPrefix("log") } == ["log sent", "log sent", "log ended"])
        withExtendedLifetime(job) {}
    }

    @Test("a machine that is back sends its log to the new process, though the old one is there still")
    func back() throws {
        let (before, after) = (session(), session())
        var old: AttachedJob? = try job(of: before, endPause: .milliseconds(10))
        let new = try job(of: after, endPause: .milliseconds(10))
        #expect(before.records.isEmpty && after.records.isEmpty, "\(after.records)")
        old?.stop()
        old = nil
        let sender = try sender()
        _ = sender.test.type("more\n")
        sender.test.endInput()
        #expect(sender.test.context.client.run() == .success)
        loop.wait("the end") { self.machines.requests.contains("log ended") }
        #expect(log == "more\n")
        withExtendedLifetime((new, sender, old)) {}
    }
}
