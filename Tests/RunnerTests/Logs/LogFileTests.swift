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
        logs.setup.append(Array("setup goes on".utf8))
        #expect(contents(logs["a"]!) == "12345678")
        #expect(contents(logs["b"]!) == "12" + LogFile.limitReached)
        #expect(contents(logs.setup) == "setup goes on")
        #expect(logs["c"] == nil)
    }

    @Test("a later runner goes on where the file ends")
    func resuming() {
        let log = LogFile(path: "\(folder)/d/log", budget: LogBudget(1000))
        log.append(Array("one ".utf8))
        let next = LogFile(path: log.path, budget: LogBudget(1000))
        #expect(next.size == 4)
        next.append(Array("two".utf8))
        #expect(contents(next) == "one two")
    }
}
