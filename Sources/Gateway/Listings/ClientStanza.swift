import BuildAPI

/// Lines that people include in their ssh_config, so that their own ssh finds builders.
///
/// Every value has been checked: ssh, sh and cmd.exe cannot misread any of it.
struct ClientStanza {
    /// Nil: for the builders of all jobs.
    var job: JobID?
    var names: BuilderNames
    /// The user name for logging in to builders.
    var user: String
    /// `builds@builds.example.org`
    var gateway: String
    var port: Int
    /// For the ssh that comes with Windows.
    var windows = false
    /// The commands with which the gateway prints this stanza, and the lines of known_hosts that go with it.
    var request: (stanza: String, knownHosts: String)

    var text: String {
        """
        # \(title)
        # To install or update this, run in \(windows ? "cmd.exe" : "a shell"):
        # \(installation)

        Host \(pattern)
            User \(user)
            ProxyCommand \(ssh(program)) proxy \(job.map { "job-\($0)" } ?? "%h")
            UserKnownHostsFile ~/.ssh/\(file).known_hosts
            StrictHostKeyChecking yes
            # The builders' host keys come from the gateway.
            UpdateHostKeys no
            # The gateway's connection stays up when a builder is gone.
            ServerAliveInterval 15

        """
    }

    /// In ~/.ssh, without what comes after the last dot. (Each file is included by its name: VS Code on Windows and
    /// others that look for hosts themselves do not expand wildcards.)
    var file: String {
        "sallyport" + (job.map { "-job-\($0)" } ?? "") + (names.suffix.map { ".\($0)" } ?? "")
    }

    private var title: String {
        (job.map { "The builder of job \($0)" } ?? "The builders of all jobs")
            + ", through \(gateway), for your own ssh, scp, sftp, rsync, git and editors."
    }

    private var pattern: String {
        if let job { return names.name(of: job) }
        // Bare names have no dot; and the gateway is never reached through itself.
        let host = gateway.drop { $0 != "@" }.dropFirst()
        return names.pattern + (names.suffix == nil ? " !*.*" : "")
            + (host.hasPrefix("job-") ? " !\(host)" : "") + " " + Self.harmful
    }

    /// Invalid names, which OpenSSH before 9.6 would put into a command line unchanged (CVE-2023-51385): a git
    /// repository can make a person's ssh connect to any host it names.
    private static let harmful = ";&|$`<>".map { "!*\($0)*" }.joined(separator: " ")

    /// Windows' OpenSSH before 8.1 finds no program in PATH here.
    private var program: String { windows ? #"C:\Windows\System32\OpenSSH\ssh.exe"# : "ssh" }

    private func ssh(_ program: String) -> String { "\(program) -p \(port) \(gateway)" }

    private var installation: String { windows ? commandPrompt : shell }

    /// For sh: replaces nothing before it has everything, and a config that is a symbolic link stays one.
    private var shell: String {
        """
        (umask 077; n=\(file); mkdir -p ~/.ssh && cd ~/.ssh \
        && \(ssh("ssh")) \(request.stanza) >$n.new && \(ssh("ssh")) \(request.knownHosts) >$n.known \
        && mv $n.known $n.known_hosts && mv $n.new $n.conf && touch config \
        && { grep -qxF "Include $n.conf" config \
        || { { echo "Include $n.conf"; cat config; } >$n.new && cat $n.new >config && rm $n.new; }; })
        """
    }

    /// The same for cmd.exe. (PowerShell's `>` writes UTF-16.)
    private var commandPrompt: String {
        """
        for %n in (\(file)) do \
        (mkdir "%USERPROFILE%\\.ssh" 2>nul & cd /d "%USERPROFILE%\\.ssh" \
        && \(ssh("ssh")) \(request.stanza) >%n.new && \(ssh("ssh")) \(request.knownHosts) >%n.known \
        && move /y %n.known %n.known_hosts >nul && move /y %n.new %n.conf >nul \
        && (findstr /l /x /c:"Include %n.conf" config >nul 2>nul \
        || ((echo Include %n.conf& type config 2>nul) >%n.new & move /y %n.new config >nul)))
        """
    }
}
