import BuildAPI
import EventLoop
import Foundation
import ServiceClient
import Testing

@testable import SourcehutClient

/// A log on disk that is followed as it grows, shrinks and is replaced.
@Suite struct LocalLogsTests {
    private let folder: String
    private let news = JobNews(JobID("42")!)
    private let loop = EventLoop()
    private let logs: LocalLogs
    private let received = Received()

    private final class Received {
        var text = ""
        var result: Result<Void, ServiceError>?
        var isOpen = true
    }

    init() throws {
        folder = NSTemporaryDirectory() + "sallyport-\(UInt32.random(in: 0 ... .max))"
        logs = LocalLogs(folder: folder, on: loop)
        try FileManager.default.createDirectory(atPath: "\(folder)/42", withIntermediateDirectories: true)
        publish(.running, [])
    }

    @Test func whatIsWrittenComesAtOnceUntilTheJobHasEnded() throws {
        try append("one\n")
        let stream = follow(LogName.job)
        run(until: { received.text == "one\n" })
        try append("two\n")
        run(until: { received.text == "one\ntwo\n" })
        try append("end")
        publish(.failed, [])
        run(until: { received.result != nil })
        #expect(received.text == "one\ntwo\nend")
        #expect((try? received.result?.get()) != nil)
        stream.cancel()
    }

    @Test func aLogThatIsNotThereYetIsWaitedFor() throws {
        let stream = follow("build")
        publish(.running, ["build"])
        turn()
        #expect(received.text.isEmpty && received.result == nil)
        try append("begun\n", task: "build")
        // Its folder has just been made; any news of the job makes it look.
        publish(.running, ["build"])
        run(until: { received.text == "begun\n" })
        publish(.running, ["build", "check"])
        run(until: { received.result != nil })
        #expect(received.text == "begun\n" && (try? received.result?.get()) != nil)
        stream.cancel()
    }

    @Test func aLogThatNeverCameEndsWithItsJob() {
        let stream = follow("build")
        publish(.success, [])
        run(until: { received.result != nil })
        #expect((try? received.result?.get()) != nil && received.text.isEmpty)
        stream.cancel()
    }

    /// As at builds.sr.ht it often is.
    @Test func aTaskCalledSetupHasALogOfItsOwn() throws {
        try append("of the job\n")
        try FileManager.default.createDirectory(
            atPath: "\(folder)/42/setup", withIntermediateDirectories: true)
        try Data("of the task\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/42/setup/log"))
        for (log, text) in [("setup", "of the task\n"), (LogName.job, "of the task\nof the job\n")] {
            let stream = follow(log)
            run(until: { received.text == text })
            stream.cancel()
        }
    }

    @Test func aLogThatShrinksBeginsAnew() throws {
        try append("a long line\n")
        let stream = follow(LogName.job)
        run(until: { received.text == "a long line\n" })
        try Data("short\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/42/log"))
        run(until: { received.text == "a long line\nshort\n" })
        stream.cancel()
    }

    @Test func aLogThatIsReplacedIsReadToItsEndFirst() throws {
        try append("old\n")
        let stream = follow(LogName.job)
        run(until: { received.text == "old\n" })
        try append("last\n")
        try FileManager.default.moveItem(atPath: "\(folder)/42/log", toPath: "\(folder)/42/log.1")
        try append("new\n")
        run(until: { received.text == "old\nlast\nnew\n" })
        try append("more\n")
        run(until: { received.text == "old\nlast\nnew\nmore\n" })
        stream.cancel()
    }

    @Test func whatCannotBeTakenComesAgain() throws {
        let text = String(repeating: "0123456789abcde\n", count: 20_000)
        try append(text)
        received.isOpen = false
        let stream = follow(LogName.job)
        turn()
        #expect(received.text.isEmpty)
        received.isOpen = true
        stream.resume()
        run(until: { received.text.utf8.count == text.utf8.count })
        #expect(received.text == text)
        stream.cancel()
    }

    /// In the order in which they began, which never changes.
    @Test func tasksAreFoldersInTheirOrder() throws {
        for (name, time) in [("zeta", 100.0), ("alpha", 200), ("Not a task", 150)] {
            try append("", task: name)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: "\(folder)/42/\(name)")
        }
        try append("a file")
        #expect(logs.tasks(of: news.identifier) == ["zeta", "alpha"])
        try append("", task: "beta")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 50)], ofItemAtPath: "\(folder)/42/beta")
        #expect(logs.tasks(of: news.identifier) == ["zeta", "alpha", "beta"])
    }

    @Test func aLogThatIsALinkIsNotFollowed() throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/42/log", withDestinationPath: "/etc/passwd")
        let stream = follow(LogName.job)
        run(until: { received.result != nil })
        #expect(received.text.isEmpty)
        guard case .failure(let error) = received.result else {
            Issue.record("it was followed")
            return
        }
        #expect(error.code == .gatewayFault)
        stream.cancel()
    }

    /// The end of a log, however long, is found from the end; what is written then follows it.
    @Test(arguments: [(0, 0), (2, 2), (3, 3), (100_000, 60_001)]) func theLastLinesAreWhereTheyBegin(
        wanted: Int, count: Int
    ) throws {
        let text = String(repeating: "a line of twenty-four B\n", count: 59_998) + "one\n\nunfinished"
        try append(text, task: "build")
        var found: LastLines?
        logs.lastLines(wanted, of: "build", of: news.identifier) { found = try? $0.get() }
        run(until: { found != nil })
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let expected = lines.suffix(wanted).joined(separator: "\n")
        #expect(found == LastLines(offset: text.utf8.count - expected.utf8.count, count: count))
        let stream = follow("build", from: try #require(found).offset)
        run(until: { received.text == expected })
        try append(" no more", task: "build")
        run(until: { received.text == expected + " no more" })
        stream.cancel()
    }

    @Test func aLogThatIsNotThereHasNoLines() throws {
        try append("")
        for log in ["setup", "build"] {
            var found: LastLines?
            logs.lastLines(5, of: log, of: news.identifier) { found = try? $0.get() }
            run(until: { found != nil })
            #expect(found == LastLines(offset: 0, count: 0))
        }
    }

    private func follow(_ log: String, from offset: Int = 0) -> any ServiceStream {
        logs.follow(log, of: news, from: offset) { [received] bytes in
            guard received.isOpen else { return false }
            received.text += String(decoding: bytes, as: UTF8.self)
            return true
        } ended: { [received] in
            received.result = $0
        }
    }

    private func publish(_ status: Job.Status, _ tasks: [String]) {
        news.publish(
            Job(
                id: news.identifier, owner: .person(Person(id: "1", name: "~alice")), status: status,
                tasks: SourcehutService.tasks(tasks, status)))
    }

    private func append(_ text: String, task: String? = nil) throws {
        let place = ["\(folder)/42", task].compactMap { $0 }.joined(separator: "/")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let path = "\(place)/log"
        if !FileManager.default.fileExists(atPath: path) {
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
        }
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    /// Runs the loop until the condition holds, for at most ten seconds.
    /// Runs everything that is due.
    private func turn() {
        loop.timer(after: .milliseconds(5)) { [loop] in loop.stop() }
        loop.run()
    }

    private func run(until condition: () -> Bool, at place: SourceLocation = #_sourceLocation) {
        let start = loop.now
        repeat {
            turn()
            if condition() { return }
        } while loop.age(of: start) < .seconds(10)
        Issue.record(
            "‘\(received.text.suffix(200))’ \(String(describing: received.result))", sourceLocation: place)
    }
}
