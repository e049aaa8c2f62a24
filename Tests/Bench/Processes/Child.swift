import Glibc
import SystemPackage

/// A child process with as little overhead as possible: for a process of half a millisecond, a
/// library's supervision would dominate the measurement.
struct Child: Sendable {
    /// Its standard streams.
    struct Streams: Sendable {
        var input: FileDescriptor
        var output: FileDescriptor
        var errors: FileDescriptor
    }

    let process: pid_t

    /// Starts it with an environment that has only a search path.
    init(_ arguments: [String], _ streams: Streams) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [streams.input, streams.output, streams.errors].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream.rawValue, Int32(number))
        }
        let argv = arguments.map { strdup($0) } + [nil]
        let environment = [strdup("PATH=/usr/local/bin:/usr/bin:/bin"), nil]
        defer { for text in argv + environment { free(text) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, arguments[0], &actions, nil, argv, environment)
        guard failure == 0 else { throw Errno(rawValue: failure) }
        self.process = process
    }

    /// Waits for its end.
    ///
    /// - Returns: its exit status; 128 + N if signal N killed it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    func end() { kill(process, SIGKILL) }
}
