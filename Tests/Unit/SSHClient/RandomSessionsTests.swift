import CLimits
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Two hundred sessions with servers that do anything: each ends by name, before its time is over, and in bounded memory;
/// none is a success unless its server behaved.
@Suite struct RandomSessionsTests {
    /// In a process of its own, so that the limit is one for these sessions. The kernel ends it if they take too long.
    @Test func eachEndsByName() async {
        let given = getenv("SALLYPORT_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0..<1 << 32)
        print("SALLYPORT_SEED=\(seed)")
        await #expect(processExitsWith: .success, "SALLYPORT_SEED=\(seed)") { [seed = seed as UInt64] in
            signal(SIGPIPE, SIG_IGN)
            alarm(240)
            try #require(sp_limit_memory(Memory.written + 160 << 20, 1 << 20) == 0)
            var behaved = 0
            for number in 0..<200 {
                var session = RandomSession(seed: seed &+ UInt64(number))
                let fault = session.run()
                #expect(fault == nil, "SALLYPORT_SEED=\(seed &+ UInt64(number)): \(session.script)")
                behaved += session.behaves ? 1 : 0
            }
            #expect(behaved > 10 && behaved < 100, "\(behaved)")
        }
    }
}

private enum Memory {
    /// What counts for RLIMIT_DATA, in bytes.
    static var written: Int {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let file = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let text = String(decoding: buffer.prefix(max(0, read(file, &buffer, 4096))), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmData:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}
