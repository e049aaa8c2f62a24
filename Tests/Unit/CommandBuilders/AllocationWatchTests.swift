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
            _ = FileManager.default.createFile(atPath: allocator.folder + "/now", contents: nil)
            await ended.value
            let question = try allocator.text(of: "question")
            #expect(question == #"{"pool":"lab"}"#)
            let released = try allocator.text(of: "released")
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
            waiting.cancel()
            await waiting.value
        }
    }
}
