import Foundation
import Testing

@testable import Runner

@Suite("Logs")
struct LogFileTests {
    private let folder = TestService.makeFolder()

    private func contents(_ log: LogFile) -> String {
        (try? String(contentsOfFile: log.path, encoding: .utf8)) ?? ""
    }

    @Test("readers are woken by the writer and told of the end")
    func waking() async {
        let log = LogFile(path: "\(folder)/a/log", budget: LogBudget(1000))
        async let first = log.wait(behind: 0)
        log.append(Array("hello".utf8))
        #expect(await first == .more)
        async let end = log.wait(behind: 5)
        log.end()
        #expect(await end == .ended)
        #expect(await log.wait(behind: 99) == .ended)
        log.append(Array("late".utf8))
        #expect(contents(log) == "hello")
    }

    @Test("a reader that is cancelled does not wait")
    func cancelling() async {
        let log = LogFile(path: "\(folder)/b/log", budget: LogBudget(1000))
        let reader = Task { await log.wait(behind: 0) }
        reader.cancel()
        #expect(await reader.value == .brokenOff)
    }

    @Test("a job's logs share one limit; the sentence about it is written once per log")
    func limit() {
        let logs = JobLogs(folder: "\(folder)/c", tasks: ["a", "b"], limit: 10)
        logs["a"]?.append(Array("12345678".utf8))
        logs["b"]?.append(Array("12345".utf8))
        logs["b"]?.append(Array("more".utf8))
        logs.own.append(Array("setup goes on".utf8))
        #expect(contents(logs["a"]!) == "12345678")
        #expect(contents(logs["b"]!) == "12" + LogFile.limitReached)
        #expect(contents(logs.own) == "setup goes on")
        #expect(logs["c"] == nil)
    }

    @Test("a later runner continues where the file ends")
    func resuming() {
        let log = LogFile(path: "\(folder)/d/log", budget: LogBudget(1000))
        log.append(Array("one ".utf8))
        let next = LogFile(path: log.path, budget: LogBudget(1000))
        #expect(next.size == 4)
        next.append(Array("two".utf8))
        #expect(contents(next) == "one two")
    }

    @Test("bytes that do not fit on a full disk stay in memory, can be read, and are written later")
    func fullDisk() throws {
        let log = LogFile(path: "\(folder)/e/log", budget: LogBudget(1000))
        try FullDisk.begin(at: log.path)
        #expect(!log.append(Array("one ".utf8)))
        #expect(!log.append(Array("two".utf8)))
        #expect(!log.flush() && !log.isOnDisk && log.size == 7)
        #expect(log.failure == "No space left on device")
        var reader = LogReader(log)
        #expect(reader.read(99, at: 0) == Array("one two".utf8))
        #expect(reader.read(2, at: 5) == Array("wo".utf8))
        // Its end does not remove them.
        log.end()
        #expect(!log.isOnDisk)
        try FullDisk.end(at: log.path)
        #expect(log.flush() && log.isOnDisk && log.failure == nil)
        #expect(contents(log) == "one two")
        #expect(reader.read(99, at: 4) == Array("two".utf8))
    }

    @Test("a log that is cut by a full disk is complete afterwards")
    func fullDiskAtTheLimit() throws {
        let log = LogFile(path: "\(folder)/f/log", budget: LogBudget(3))
        try FullDisk.begin(at: log.path)
        #expect(!log.append(Array("12345".utf8)))
        try FullDisk.end(at: log.path)
        #expect(log.append(Array("6".utf8)) == false)
        #expect(log.flush())
        #expect(contents(log) == "123" + LogFile.limitReached)
    }

    @Test("the line about the limit is written once, by whichever runner")
    func limitAfterARestart() {
        let log = LogFile(path: "\(folder)/g/log", budget: LogBudget(3))
        log.append(Array("12345".utf8))
        let next = JobLogs(folder: folder, tasks: ["g"], limit: 3)["g"]!
        next.append(Array("6".utf8))
        #expect(contents(next) == "123" + LogFile.limitReached)
    }

    @Test("a truncated log continues, every byte at its offset", arguments: [0, 3])
    func truncation(rest: Int) throws {
        let log = LogFile(path: "\(folder)/h\(rest)/log", budget: LogBudget(1000))
        let first = Array(String(repeating: "first ", count: 20).utf8)
        log.append(first)
        var early = LogReader(log)
        #expect(early.read(999, at: 0) == first)
        try #require(truncate(log.path, off_t(rest)) == 0)
        var late = LogReader(log)
        #expect(late.read(999, at: 60) == [UInt8](repeating: 0, count: 60))
        log.append(Array("second".utf8))
        #expect(early.read(99, at: 120) == Array("second".utf8))
        let all = String(decoding: late.read(999, at: 0), as: UTF8.self)
        #expect(all.utf8.count == 126 && all.hasPrefix("firs".prefix(rest)) && all.hasSuffix("\0second"))
        #expect(all.contains("what was here has been removed"))
        log.append(Array(" third".utf8))
        let text = contents(log)
        #expect(text.hasSuffix("\0second third") && text.ranges(of: "removed").count == 1)
        // So the next runner knows how much it has.
        #expect(LogFile(path: log.path, budget: LogBudget(1000)).size == 132)
    }

    @Test("a renamed or removed log continues in a new file; readers of the old one lose nothing")
    func rotation() throws {
        let log = LogFile(path: "\(folder)/i/log", budget: LogBudget(1000))
        log.append(Array("one ".utf8))
        var reader = LogReader(log)
        #expect(reader.read(1, at: 0) == Array("o".utf8))
        try #require(rename(log.path, log.path + ".1") == 0)
        log.append(Array("two ".utf8))
        #expect(reader.read(99, at: 1) == Array("ne ".utf8))
        #expect(reader.read(99, at: 4) == Array("two ".utf8))
        try FileManager.default.removeItem(atPath: "\(folder)/i")
        log.append(Array("three".utf8))
        #expect(reader.read(99, at: 8) == Array("three".utf8))
        #expect(contents(log).hasSuffix("\0three") && log.size == 13)
    }
}
