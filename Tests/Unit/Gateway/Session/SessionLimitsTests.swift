import CLimits
import CLinux
import EventLoop
import Glibc
import Testing

@testable import Gateway

/// The net below a session: one that reaches it ends, and not as a success.
@Suite struct SessionLimitsTests {
    /// A loop that turns can compute for as long as it likes.
    @Test func computingWithoutTurningEnds() async {
        let result = await #expect(
            processExitsWith: .exitCode(75), observing: [\.standardErrorContent, \.standardOutputContent]
        ) {
            guard let text = strdup("It is over.\n"), sp_end_if_not_turning(1, 75, text, 12) == 0 else {
                exit(1)
            }
            let loop = EventLoop()
            var turns = 0
            func turn() {
                turns += 1
                if Self.processorTime < 2.5 { loop.timer(after: .zero, turn) } else { loop.stop() }
            }
            turn()
            loop.run()
            write(STDOUT_FILENO, "turned", 6)
            while true { turns &+= 1 }
        }
        let (output, errors) = (result?.standardOutputContent ?? [], result?.standardErrorContent ?? [])
        #expect(String(decoding: output, as: UTF8.self).contains("turned"))
        #expect(String(decoding: errors, as: UTF8.self).contains("It is over."))
    }

    /// What counts for RLIMIT_DATA, in bytes.
    private static var dataInUse: Int? {
        guard let file = fopen("/proc/self/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split { $0.isWhitespace }
            if words.first == "VmData:", let size = words.dropFirst().first.flatMap({ Int($0) }) {
                return size << 10
            }
        }
        return nil
    }

    private static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Limits that cannot be set would end the process with another status.
    @Test func thereIsNoMoreMemoryThanTheLimit() async {
        await #expect(processExitsWith: .exitCode(42)) {
            guard malloc(SessionLimits.memory) != nil else { exit(1) }
            SessionLimits.apply()
            exit(malloc(SessionLimits.memory) == nil ? 42 : 2)
        }
    }

    /// A limit that is too small would make threads impossible.
    @Test func threadsStart() async {
        await #expect(processExitsWith: .success) {
            // What the tests' own process has already is not a session's.
            guard let own = Self.dataInUse,
                sp_limit_memory(own + SessionLimits.memory, SessionLimits.stack) == 0
            else { exit(1) }
            var core = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
            guard core.rlim_max == 0 else { exit(2) }
            for _ in 0..<20 {
                var thread = pthread_t()
                let error = pthread_create(
                    &thread, nil,
                    { _ in
                        var list: UnsafeMutablePointer<addrinfo>?
                        getaddrinfo("localhost", "1", nil, &list)
                        freeaddrinfo(list)
                        return nil
                    }, nil)
                guard error == 0, pthread_join(thread, nil) == 0 else { exit(3) }
            }
            exit(0)
        }
    }
}
