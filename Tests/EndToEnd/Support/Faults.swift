import TestBed
import Testing

/// What can go wrong on the machines of a build service. Each fault has taken place when its function returns.
///
/// (A pattern with brackets does not match the command line that it stands in.)
extension TestBed {
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

    /// Ends the machine of a job that nobody needs any more: it holds memory and one of the slots.
    func endBuilder(of job: String) async throws {
        try await signalBuilder(of: job, "KILL")
        try await expectNoBuilder(of: job, in: self)
    }

    /// Pulls the plug out of a builder's network card, or puts it in again. QEMU's monitor has room for one: the runner
    /// is killed for it, and another one takes over.
    func setLink(of job: String, up: Bool) async throws {
        try await killRunner()
        try await inject(
            """
            perl -MIO::Socket::UNIX -e '
                my $monitor = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no monitor: $!";
                $monitor->getline;
                for my $command (
                    q({"execute": "qmp_capabilities"}),
                    q({"execute": "set_link", "arguments": {"name": "network", "up": \(up)}})
                ) {
                    $monitor->print("$command\n");
                    my $answer = $monitor->getline;
                    $answer = $monitor->getline while $answer =~ /"event"/;
                    $answer =~ /"return"/ or die $answer;
                }
            ' "$(ls -d \(folder)/machine/state/machines/\(job)/qmp.sock)"
            """)
        try await startRunner()
    }

    /// Sends a signal to all forced commands.
    func signalForcedCommands(_ signal: String) async throws {
        try await inject("pkill -\(signal) -f '^/usr/local/libexec/sallyport/sallyport-shell'")
    }

    /// Kills the processes of sshd that carry people's sessions, with and without privileges.
    func killSessionsOfSshd() async throws {
        try await inject("pkill -KILL -f '^sshd: builds'")
    }

    /// While `body` runs, the file system on which a gateway counts people has no room for one more file.
    func withoutRoom(on gateway: Gateway, _ body: () async throws -> Void) async throws {
        let enter = """
            sshd=$(pgrep -of '/\(gateway.rawValue)-[0-9]*/sshd_config')
            nsenter --target "$sshd" --mount
            """
        let folder = "/run/sallyport/sessions"
        try await inject(
            "\(enter) mount -t tmpfs -o nr_inodes=1,mode=0700,uid=$(id -u builds) full \(folder)")
        let leave = "\(enter) umount --lazy \(folder)"
        do {
            try await body()
        } catch {
            try await inject(leave)
            throw error
        }
        try await inject(leave)
    }

    private func inject(_ script: String) async throws {
        let finished = try await run(["/bin/sh", "-ec", script])
        guard finished.status == 0 else { throw TestBedError("the fault did not happen", log: "\(finished)") }
    }
}
