import AllocatorProtocol
import Foundation
import Logging
import Provider
import Synchronization
import Testing

@testable import CommandBuilders

@Suite("Which machines of a pool are gone") struct AllocationWatchTests {
    private let future = Date(timeIntervalSinceNow: 100_000)

    private func with(
        _ script: String, known: Set<String> = ["1-a", "2-a"], silence: Duration = .seconds(1000),
        _ body: (AllocationWatch, TestAllocator) async throws -> Void
    ) async throws {
        let allocator = try TestAllocator(script)
        let program = AllocatorProgram(
            words: [allocator.folder + "/allocator"], pool: "lab", folder: allocator.folder,
            limit: .seconds(80))
        let watch = AllocationWatch(
            program, logger: Logger(label: "test"), interval: .milliseconds(20), silence: silence)
        await watch.begin { known.contains($0.description) }
        try await body(watch, allocator)
    }

    @Test("one list for all of them; what is gone ends its job, what nobody knows is released")
    func list() async throws {
        let script = """
            case $1 in
            release) cat >>$here/released; exit ;;
            esac
            # It is asked again while the test reads this.
            cat >$here/question.new
            mv $here/question.new $here/question
            state=alive; [ ! -e $here/now ] || state=gone
            echo '{"allocations": [{"allocation": "1-a", "state": "'$state'"}, {"allocation": "2-a", "state": "alive"},
                {"allocation": "9-x", "state": "alive"}, {"allocation": "-", "state": "alive"}]}'
            """
        try await with(script) { watch, allocator in
            let (first, second) = (AllocationID("1-a")!, AllocationID("2-a")!)
            let ended = Task {
                await watch.waitUntilGone(first, until: future) {
                    Issue.record("asked")
                    return true
                }
            }
            let other = Task {
                await watch.waitUntilGone(second, until: future) {
                    Issue.record("asked")
                    return true
                }
            }
            defer { other.cancel() }
            _ = FileManager.default.createFile(atPath: allocator.folder + "/now", contents: nil)
            await ended.value
            let question = try allocator.text(of: "question")
            #expect(question == #"{"pool":"lab"}"#)
            // That takes a program of its own.
            let released = try await allocator.text(of: "released", containing: "9-x")
            #expect(released.contains(#"{"allocation":"9-x","entered":true}"#))
            #expect(!released.contains("2-a"))
            other.cancel()
            await other.value
        }
    }

    @Test("without a list, SSH's own liveness counts")
    func silence() async throws {
        for script in [
            "exit 64", "exit 1",
            "echo '{\"allocations\": [{\"allocation\": \"1-a\", \"state\": \"unknown\"}]}'",
        ] {
            try await with(script, silence: .milliseconds(50)) { watch, _ in
                let asked = Mutex(0)
                await watch.waitUntilGone(AllocationID("1-a")!, until: future) {
                    asked.withLock { $0 += 1 }
                    return asked.withLock { $0 } < 3
                }
                #expect(asked.withLock { $0 } >= 4)
            }
        }
    }

    @Test("it ends at its time, when it is released, and when nobody waits any more")
    func ends() async throws {
        try await with("[ $1 = release ] || exit 64") { watch, _ in
            await watch.waitUntilGone(AllocationID("1-a")!, until: Date(timeIntervalSinceNow: -1)) { true }
            let waiting = Task { await watch.waitUntilGone(AllocationID("2-a")!, until: future) { true } }
            try await watch.release(AllocationID("2-a")!, data: nil, entered: false)
            await waiting.value
            let cancelled = Task { await watch.waitUntilGone(AllocationID("1-a")!, until: future) { true } }
            cancelled.cancel()
            await cancelled.value
        }
    }

    @Test("one that is extended while the others are asked stays")
    func extended() async throws {
        try await with("exit 64", known: ["1-a", "2-a"]) { watch, _ in
            let (short, slow) = (AllocationID("1-a")!, AllocationID("2-a")!)
            let end = Date(timeIntervalSinceNow: 0.3)
            let isGone = Mutex(false)
            let other = Task {
                await watch.waitUntilGone(slow, until: future) {
                    await watch.extended(short, until: future)
                    while Date() < end { try? await Task.sleep(for: .milliseconds(5)) }
                    return true
                }
            }
            let waiting = Task {
                await watch.waitUntilGone(short, until: end) { true }
                isGone.withLock { $0 = true }
            }
            while Date() < end.addingTimeInterval(0.1) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(!isGone.withLock { $0 })
            for task in [other, waiting] {
                task.cancel()
                await task.value
            }
        }
    }

    @Test("what nobody needs, and cannot be released, is tried again later each time, and holds nothing up")
    func unknown() async throws {
        let script = """
            case $1 in
            release) echo x >>$here/attempts; exit 1 ;;
            esac
            echo x >>$here/lists
            echo '{"allocations": [{"allocation": "9-x", "state": "alive"}]}'
            """
        try await with(script) { watch, allocator in
            let waiting = Task { await watch.waitUntilGone(AllocationID("1-a")!, until: future) { true } }
            func count(_ file: String) -> Int {
                (try? allocator.text(of: file))?.split(separator: "\n").count ?? 0
            }
            while count("lists") < 30 || count("attempts") < 2 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(count("attempts") < 15)
            waiting.cancel()
            await waiting.value
        }
    }
}
