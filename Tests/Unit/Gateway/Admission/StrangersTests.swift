import CProcesses
import Glibc
import Testing

@testable import Gateway

/// Whose connections are counted together, and how they end.
@Suite final class StrangersTests {
    private var records: [String] = []

    @Test func whatIsNoAddressCountsAsOneAndIsReported() {
        let journal = Journal { [unowned self] _, text in records.append(text) }
        let block = Strangers.block(of: "192.0.2.1", journal)
        #expect(block == "c0000201" && records.isEmpty)
        #expect(Strangers.block(of: "::ffff:192.0.2.1", journal) == block && records.isEmpty)
        let others = ["fe80::1%eth0", "UNKNOWN", ""].map { Strangers.block(of: $0, journal) }
        #expect(Set(others).count == 1 && others[0] != block && !others[0].contains("."))
        #expect(records.count == 3 && records.contains { $0.contains("UNKNOWN") })
    }

    @Test func aProcessIsEndedLater() throws {
        var process = pid_t()
        var arguments = [strdup("sleep"), strdup("100"), nil]
        defer { for word in arguments { free(word) } }
        // Other tests block the signal in their threads.
        var (attributes, none) = (posix_spawnattr_t(), sigset_t())
        sigemptyset(&none)
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        try #require(posix_spawnp(&process, "sleep", nil, &attributes, &arguments, environ) == 0)
        #expect(sp_end_later(process, 0) == 0)
        var status: CInt = 0
        #expect(waitpid(process, &status, 0) == process && status & 0x7f == SIGTERM)
        // It is gone.
        #expect(sp_end_later(process, 0) == -1 && errno == ESRCH)
    }
}
