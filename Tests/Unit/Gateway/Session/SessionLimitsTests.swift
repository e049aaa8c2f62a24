import CLimits
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

    private static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func tooMuchMemoryEnds() async {
        await #expect(processExitsWith: .failure) {
            SessionLimits.apply()
            var kept: [[UInt8]] = []
            while kept.count < 512 { kept.append([UInt8](repeating: 1, count: 1 << 20)) }
            exit(0)
        }
    }

    /// A limit that is too small would make threads impossible.
    @Test func threadsStart() async {
        await #expect(processExitsWith: .success) {
            guard sp_limit_memory(1 << 30, SessionLimits.stack) == 0 else { exit(1) }
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
