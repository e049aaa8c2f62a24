import BuildAPI
import Requests

/// What the verbs are for: one line each, and all about one.
enum Help {
    /// - Parameter verb: nil: all verbs.
    static func text(for verb: Verb?) -> String {
        guard let verb else { return all }
        let (synopsis, summary, details) = entry(verb)
        return "\(synopsis)\n\n    \(summary)\n" + (details.isEmpty ? "" : "\n\(details)\n")
    }

    /// For somebody whose words make no request: the verb they meant, else all.
    static func usage(for error: RequestError) -> String {
        guard case .alias(let verb) = error.code else { return all }
        return entry(verb).synopsis + "\n"
    }

    private static var all: String {
        let rows = Verb.allCases.map { entry($0) }
        return rows.map { row in
            let gap = row.synopsis.count > 37 ? "\n" + String(repeating: " ", count: 38) : ""
            let blanks = String(repeating: " ", count: max(0, 38 - row.synopsis.count))
            return row.synopsis + (gap.isEmpty ? blanks : gap) + row.summary + "\n"
        }.joined() + "\nAll about one verb: help VERB, or VERB --help.\n"
    }

    private static func entry(_ verb: Verb) -> (synopsis: String, summary: String, details: String) {
        switch verb {
        case .connect:
            (
                "connect [--now] [job] [command…]", "a shell on the job's machine, or a command there",
                """
                Waits for a builder that boots; while tasks run it shows their log and lets you in when they have
                ended. With --now you go in at once. Without a job, your only live one is meant.
                The command goes to the builder as it is; its exit status is ours. For a shell use ssh -t.
                After the last shell logs out the builder ends, unless it is held; a lost connection keeps it.
                """
            )
        case .proxy:
            (
                "proxy <job>", "the job's builder for your own ssh, scp, rsync, editor",
                """
                For ssh's ProxyCommand; ssh-config prints the lines that use it. The job may be called 42, job-42 or
                job-42.HOST. While it lasts, your key opens the builder. It waits 13 seconds for one that boots.
                """
            )
        case .knownHosts:
            (
                "known-hosts [options] [job]", "lines for known_hosts: how your ssh knows builders",
                """
                One line for all builders; with a job, the plain keys of its builder, for clients that know no
                certificates.
                --suffix S  builders are called job-42.S
                --bare      builders are called job-42
                """
            )
        case .sshConfig:
            (
                "ssh-config [options]", "lines for ssh_config, after which ssh job-42.HOST works",
                """
                --suffix S  builders are to be called job-42.S, not job-42.HOST
                --bare      builders are to be called job-42
                --job N     for one job's builder, for programs that show no wildcards
                --host H    this gateway's name, if not as it is configured
                --windows   for the ssh that comes with Windows
                """
            )
        case .tail:
            (
                "tail [--raw] [job]", "the job's logs until it ends",
                """
                From their beginning. Exit status 0: the job succeeded; 1: it did not.
                Escape sequences other than colours are dropped; --raw passes every byte.
                """
            )
        case .show:
            ("show <job> [--json]", "tasks, deadline, who is inside, lines to copy", "")
        case .list:
            (
                "list [--all] [--json]", "your jobs that run or whose builder is kept",
                "With --all those too that are over. LEFT is how long the builder will stay."
            )
        case .extend:
            (
                "extend <job> [duration|--max]", "more time for the builder: one hour, or 30m, 2h, 1d",
                """
                Adds to the time that is left. The builder then stays that long even with nobody inside, unless the
                last shell logs out. --max is as far as the administrator allows.
                """
            )
        case .release:
            (
                "release <job> [--yes]", "end the builder now",
                "Whoever is inside is told. While tasks run the job is cancelled. Asks, unless --yes."
            )
        case .hold:
            (
                "hold <job>", "keep the builder after the last logout",
                "Until its time is over; unhold takes it back."
            )
        case .unhold:
            ("unhold <job>", "let the builder end after the last logout again", "")
        case .share:
            (
                "share <job> <user>", "let somebody else in",
                "They may connect, proxy, tail and show. unshare takes it back, and ends their sessions."
            )
        case .unshare:
            ("unshare <job> <user>", "let them in no more", "")
        case .cancel:
            ("cancel <job>", "end a job that is queued or runs", "Its builder ends with it.")
        case .submit:
            (
                "submit [options] <manifest", "a new job",
                """
                --follow    show its log, and exit as it does: 0 for success, 1 otherwise
                --note TEXT what it is about; all words up to the next option
                --private   nobody but you may know that it exists
                --public    everybody with a key may follow it
                --json      answer with the job as JSON
                The manifest is YAML, and comes on standard input.
                """
            )
        case .keys:
            (
                "keys [list | add | remove <key>]", "your public keys; a new one comes on standard input",
                "remove takes a fingerprint, as list prints it. The key marked * is the one you are using now."
            )
        case .whoami:
            ("whoami [--json]", "whose key this is", "")
        case .acceptTerms:
            ("accept-terms", "read and accept the terms of use", "Where the administrator has set any.")
        case .help:
            ("help [verb]", "this, or all about one verb", "")
        case .version:
            ("version", "which Sallyport this is", "")
        }
    }
}
