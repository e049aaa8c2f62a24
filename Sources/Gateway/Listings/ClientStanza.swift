import BuildAPI
import Presentation

/// Lines that people include in their ssh_config, so that their own ssh finds builders.
///
/// Every value has been checked: ssh, shells and cmd.exe cannot misread any of it.
struct ClientStanza {
    /// Nil: for the builders of all jobs.
    var job: JobID?
    var names: BuilderNames
    /// The user name for logging in to builders.
    var user: String
    /// How people reach the gateway.
    var ssh: BytesOnlySSH
    /// The commands with which the gateway prints this stanza, and the lines of known_hosts that go with it.
    var request: (stanza: String, knownHosts: String)

    var text: String {
        """
        # \(title)
        \(head)

        Host \(pattern)
            User \(user)
            ProxyCommand \(proxyCommand)
            UserKnownHostsFile ~/.ssh/\(file).known_hosts
            StrictHostKeyChecking yes
            # The builders' host keys come from the gateway.
            UpdateHostKeys no
            # The gateway's connection stays up when a builder is gone.
            ServerAliveInterval 15
            # Whatever you have set for all hosts:
            Port 22
            ProxyUseFdpass no

        """
    }

    /// The line that a person runs to install or update the stanza, or for another action of the script.
    func line(_ action: SetUpScript.Action) -> String {
        "/bin/sh -c 's=$(\(ssh("\(request.stanza) \(action.option)", program: "command ssh")) </dev/null) || exit; "
            + "case $s in \"\(SetUpScript.beginning)\"*\"\(SetUpScript.end)\") eval \"$s\";; "
            + "*) echo \"sallyport: Nothing is changed: something adds to the answer of the gateway.\" >&2; exit 1;; esac'"
    }

    /// In ~/.ssh, without what comes after the last dot. (Each file is included by its name: VS Code on Windows and
    /// others that look for hosts themselves do not expand wildcards.)
    var file: String {
        "sallyport" + (job.map { "-job-\($0)" } ?? "") + (names.suffix.map { ".\($0)" } ?? "")
    }

    /// What the lines are for.
    var title: String {
        (job.map { "The builder of job \($0)" } ?? "The builders of all jobs")
            + ", through \(ssh.plain.destination), for your own ssh, scp, sftp, rsync, git and editors."
    }

    private var head: String {
        if ssh.windows { return "# To install or update this, run in cmd.exe:\n# \(commandPrompt)" }
        return """
            # To install or update this, run this line in any shell. With --check or --remove in place of --install, it says
            # what is installed, or removes it.
            # \(line(.install))
            """
    }

    /// The name of a builder that the lines are for.
    var example: String { names.name(of: job ?? JobID("42")!) }

    private var pattern: String {
        if let job { return names.name(of: job) }
        // Bare names have no dot; and the gateway is never reached through itself.
        let host = ssh.plain.destination.drop { $0 != "@" }.dropFirst()
        return names.pattern + (names.suffix == nil ? " !*.*" : "")
            + (host.hasPrefix("job-") ? " !\(host)" : "") + " " + Self.harmful
    }

    /// Invalid names, which OpenSSH before 9.6 would put into a command line unchanged (CVE-2023-51385): a git
    /// repository can make a person's ssh connect to any host it names.
    private static let harmful = ";&|$`<>".map { "!*\($0)*" }.joined(separator: " ")

    private var proxyCommand: String {
        // Windows' OpenSSH before 8.1 finds no program in PATH here.
        ssh(
            "proxy \(job.map { "job-\($0)" } ?? "%h")",
            program: ssh.windows ? #"C:\Windows\System32\OpenSSH\ssh.exe"# : "ssh")
    }

    /// For cmd.exe: installs or updates the stanza. (PowerShell's `>` writes UTF-16.)
    private var commandPrompt: String {
        """
        for %n in (\(file)) do \
        (mkdir "%USERPROFILE%\\.ssh" 2>nul & cd /d "%USERPROFILE%\\.ssh" \
        && \(ssh(request.stanza)) >%n.new && \(ssh(request.knownHosts)) >%n.known \
        && move /y %n.known %n.known_hosts >nul && move /y %n.new %n.conf >nul \
        && (findstr /l /x /c:"Include %n.conf" config >nul 2>nul \
        || ((echo Include %n.conf& type config 2>nul) >%n.new & move /y %n.new config >nul)))
        """
    }
}
