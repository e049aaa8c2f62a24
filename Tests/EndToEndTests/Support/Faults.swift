import Testing
import World

/// What can go wrong on the machines of a build service. Each fault has taken place when its function returns.
///
/// (A pattern with brackets does not match the command line that it stands in.)
extension World {
    /// The runner dies without a word.
    func killRunner() async throws {
        try await inject(
            """
            pid=$(pgrep -f '[/]sallyport-runner serve')
            readlink "/proc/$pid/exe" >/run/sallyport-runner
            kill -KILL "$pid"
            while pgrep -f '[/]sallyport-runner serve' >/dev/null; do sleep 0.02; done
            """)
    }

    /// Another one takes over.
    func startRunner() async throws {
        try await inject(
            """
            setsid -f "$(cat /run/sallyport-runner)" serve --config /etc/sallyport/sallyport.toml --ephemeral \
                >>\(folder)/log/runner.log 2>&1
            until "$(dirname "$(cat /run/sallyport-runner)")/sallyport" jobs >/dev/null 2>&1; do sleep 0.1; done
            """)
    }

    /// The runner does not answer, and does not hang up either.
    func stopRunner() async throws {
        try await inject("pkill -STOP -f '[/]sallyport-runner serve'")
    }

    func continueRunner() async throws {
        try await inject("pkill -CONT -f '[/]sallyport-runner serve'")
    }

    /// Sends a signal to the machine of a job.
    func signalBuilder(of job: String, _ signal: String) async throws {
        try await inject("pkill -\(signal) -f '^/usr/bin/qemu-system-.*/machines/\(job)/'")
    }

    /// Sends a signal to all forced commands.
    func signalForcedCommands(_ signal: String) async throws {
        try await inject("pkill -\(signal) -f '^/usr/local/libexec/sallyport/sallyport-shell'")
    }

    private func inject(_ script: String) async throws {
        let finished = try await run(["/bin/sh", "-ec", script])
        guard finished.status == 0 else { throw WorldError("the fault did not happen", log: "\(finished)") }
    }
}
