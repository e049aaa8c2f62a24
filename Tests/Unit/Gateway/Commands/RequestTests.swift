import BuildAPI
import CommandGrammar
import Testing

@testable import Gateway

private func request(_ text: String?) throws(UsageError) -> Request {
    try Request(originalCommand: text.map { Array($0.utf8) })
}

/// The command that someone's words are.
private func command<C>(_ text: String?, as _: C.Type = C.self) throws -> C {
    switch try request(text) {
    case .job(let command): try #require(command as? C)
    case .personal(let command): try #require(command as? C)
    }
}

private func isAboutAJob(_ text: String) throws -> Bool {
    if case .job = try request(text) { true } else { false }
}

private func job(_ name: String) -> JobID { JobID(name)! }

@Suite("SSH_ORIGINAL_COMMAND")
struct RequestTests {
    @Test("absent or blank is a greeting", arguments: [nil, "", " ", " \t\n "])
    func greeting(_ text: String?) throws {
        _ = try command(text, as: Greeting.self)
    }

    @Test(
        "connects",
        arguments: [
            ("connect", nil, false, nil),
            ("connect 42", "42", false, nil),
            ("  connect   42  ", "42", false, nil),
            ("connect --now 42", "42", true, nil),
            ("connect --now", nil, true, nil),
            ("connect 42 true", "42", false, "true"),
            ("connect 42 -- true", "42", false, "true"),
            ("connect 42 -- -- x", "42", false, "-- x"),
            ("connect -- ls  -l ", nil, false, "ls  -l "),
            ("connect 42 --", "42", false, nil),
            ("connect ls", "ls", false, nil),
            ("connect 42 --now", "42", true, nil), ("connect 42 --now ls --now", "42", true, "ls --now"),
            ("connect 42 -- --now", "42", false, "--now"), ("connect 42 ls --help", "42", false, "ls --help"),
            ("connect 42 sh -c 'echo \"a  b\"; exit 3'", "42", false, "sh -c 'echo \"a  b\"; exit 3'"),
            ("connect 42 echo 'unbalanced", "42", false, "echo 'unbalanced"),
            ("connect 42 a\nb", "42", false, "a\nb"),
        ] as [(String, String?, Bool, String?)])
    func connect(text: String, name: String?, now: Bool, program: String?) throws {
        let connect = try command(text, as: ConnectCommand.self)
        #expect(connect.job == name.map(job) && connect.now == now)
        #expect(connect.command == program.map { Array($0.utf8) })
    }

    @Test("hands bytes that are not UTF-8 on as they are")
    func bytes() throws {
        let program: [UInt8] = [0xff, 0x00 + 1, 0xc3, 0x28]
        guard case .job(let parsed) = try Request(originalCommand: Array("connect 1 ".utf8) + program) else {
            Issue.record("it is not about a job")
            return
        }
        let connect = try #require(parsed as? ConnectCommand)
        #expect(connect.job == job("1") && !connect.now && connect.command == program)
    }

    @Test(
        "tails",
        arguments: [
            ("tail", nil, false, nil), ("tail 42", "42", false, nil), ("tail --raw 42", "42", true, nil),
            ("tail --raw", nil, true, nil), ("tail -f 42", "42", false, nil),
            ("tail -n 50 42", "42", false, 50),
            ("tail 42 -n 0 -f", "42", false, 0), ("tail -n 100000 --raw", nil, true, 100_000),
        ] as [(String, String?, Bool, Int?)])
    func tail(text: String, name: String?, raw: Bool, lines: Int?) throws {
        let tail = try command(text, as: TailCommand.self)
        #expect(tail.job == name.map(job) && tail.raw == raw && tail.lines == lines)
    }

    @Test("looks at jobs", arguments: [("show 42", false), ("show --json 42", true)])
    func show(text: String, json: Bool) throws {
        let show = try command(text, as: ShowCommand.self)
        #expect(show.job == job("42") && show.json == json)
    }

    @Test("lists", arguments: [("list", false, false), ("list --json --all", true, true)])
    func list(text: String, all: Bool, json: Bool) throws {
        let list = try command(text, as: ListCommand.self)
        #expect(list.all == all && list.json == json)
    }

    @Test(
        "extends",
        arguments: [
            ("extend 42", .time(.seconds(3600)), false), ("extend 42 1h30m", .time(.seconds(5400)), false),
            ("extend 42 2d --json", .time(.seconds(172_800)), true), ("extend --max 42", .maximum, false),
        ] as [(String, ExtendCommand.Length, Bool)])
    func extend(text: String, length: ExtendCommand.Length, json: Bool) throws {
        let extend = try command(text, as: ExtendCommand.self)
        #expect(extend.job == job("42") && extend.length == length && extend.json == json)
    }

    @Test("releases", arguments: [("release 42", false), ("release 42 --yes", true)])
    func release(text: String, isConfirmed: Bool) throws {
        let release = try command(text, as: ReleaseCommand.self)
        #expect(release.job == job("42") && release.isConfirmed == isConfirmed && !release.json)
    }

    @Test("changes jobs")
    func changes() throws {
        #expect(try command("hold 42", as: HoldCommand.self).job == job("42"))
        #expect(try command("unhold 42", as: UnholdCommand.self).job == job("42"))
        #expect(try command("cancel 42", as: CancelCommand.self).job == job("42"))
        let share = try command("share 42 bob", as: ShareCommand.self)
        #expect(share.job == job("42") && share.user == "bob" && !share.json)
        let unshare = try command("unshare --json 42 bob", as: UnshareCommand.self)
        #expect(unshare.job == job("42") && unshare.user == "bob" && unshare.json)
    }

    @Test(
        "manages keys",
        arguments: [
            ("keys", .list, false), ("keys list --json", .list, true), ("keys add", .add(nil), false),
            ("keys confirm --json abcd-efgh", .confirm(word: "abcd-efgh"), true),
            ("keys remove SHA256:abc", .remove(fingerprint: "SHA256:abc"), false),
        ] as [(String, KeysCommand.Task, Bool)])
    func keys(text: String, task: KeysCommand.Task, json: Bool) throws {
        let keys = try command(text, as: KeysCommand.self)
        #expect(keys.task == task && keys.json == json)
    }

    @Test("asks who one is, which version, and for the terms")
    func simple() throws {
        #expect(try !command("whoami", as: WhoamiCommand.self).json)
        _ = try command("accept-terms", as: AcceptTermsCommand.self)
        for text in ["version", "--version", "-V"] { _ = try command(text, as: VersionCommand.self) }
    }

    @Test(
        "asks for help",
        arguments: [
            ("help", nil), ("--help", nil), ("-h", nil), ("--help whatever", nil), ("help tail", "tail"),
            ("help logs", "tail"), ("tail --help", "tail"), ("connect --help", "connect"),
            ("connect -h", "connect"), ("connect 42 --help", "connect"), ("show 42 -h", "show"),
            ("submit --follow --help --bogus", "submit"), ("known-hosts --help", "known-hosts"),
            ("ssh-config -h", "ssh-config"),
        ] as [(String, String?)])
    func help(text: String, topic: String?) throws {
        #expect(try command(text, as: HelpCommand.self).topic == topic)
    }

    @Test("submits a job that is kept as the options say", arguments: KeepRule.allCases)
    func keep(_ rule: KeepRule) throws {
        let submit = try command("submit --keep \(rule.rawValue) --note --keep never", as: SubmitCommand.self)
        #expect(submit.keep == rule && submit.note == "--keep never")
    }

    @Test(
        "submits",
        arguments: [
            ("submit", nil, false, .unlisted), ("submit --follow", nil, true, .unlisted),
            ("submit --follow --note fix the parser", "fix the parser", true, .unlisted),
            ("submit --note never make this --public", "never make this --public", false, .unlisted),
            ("submit --note a -- --public", "a -- --public", false, .unlisted),
            ("submit --note fix --note handling --help", "fix --note handling --help", false, .unlisted),
            (
                "submit --private --note retry with --private off", "retry with --private off", false,
                .private
            ),
            ("submit --private --note 'fix it'", "fix it", false, .private),
            ("submit --public --note \"a --b c\"", "a --b c", false, .public),
        ] as [(String, String?, Bool, Visibility)])
    func submit(text: String, note: String?, follow: Bool, visibility: Visibility) throws {
        let submit = try command(text, as: SubmitCommand.self)
        #expect(submit.note == note && submit.follow == follow && submit.visibility == visibility)
        #expect(!submit.json && submit.keep == nil)
        // Who could have meant an option is told that it is none.
        #expect((submit.optionInNote != nil) == (note?.contains(/--(public|private|note)/) == true))
    }

    @Test(
        "knows a job by each of its names",
        arguments: [
            "42", "job-42", "#42", "42,", "job-42.gateway", "job-42.builds.example.org.", "https://x/jobs/42",
            "https://builds.sr.ht/~alice/job/42", "https://x:8443/a/jobs/42/", "http://x/job/42#task-check",
            "https://x/jobs/42?tab=log", "builds.sr.ht/~alice/job/42", "https://x/jobs/42.", "#42:",
        ]) func names(of word: String) throws
    {
        for text in [
            "show \(word)", "connect \(word)", "tail \(word)", "proxy \(word)", "known-hosts \(word)",
            "ssh-config --job \(word)", "release \(word) --yes",
        ] {
            guard case .job(let command) = try request(text) else {
                Issue.record("\(text)")
                continue
            }
            #expect(command.job == job("42"), "\(text)")
        }
    }

    /// What people type for another program, or nearly.
    @Test(
        "is a verb that was meant",
        arguments: [
            ("conect 42", "connect"), ("shwo", "show"), ("Connect 42", "connect"), ("TAIL", "tail"),
            ("relase 42", "release"), ("lsit", "list"), ("hodl 42", "hold"), ("help submti", "submit"),
            ("ssh-cofnig", "ssh-config"), ("statsu 42", "show"), ("unhodl", "unhold"), ("sumbit", "submit"),
        ]) func misspellings(text: String, verb: String) throws
    {
        let error = try #require(throws: UsageError.self) { try request(text) }
        #expect(error.code == .misspelling(of: verb))
        #expect(HelpCommand.usage(for: error).hasPrefix("\(verb) "))
    }

    @Test(
        "is another program's",
        arguments: [
            ("/usr/lib/openssh/sftp-server", .sftp), ("internal-sftp -l INFO", .sftp), ("scp -t .", .scp),
            ("scp -f 42/file", .scp), ("rsync --server --sender -logDtpre.iLsfxCIvu . 42/x", .rsync),
            ("git-upload-pack 'repo'", .git), ("git receive-pack x", .git), ("exit", .copyID),
            ("bash", .shell),
            ("sh -c 'echo x'", .shell), ("/bin/zsh -l", .shell),
            // As ssh-copy-id -f of OpenSSH 9.2 sends it.
            (
                #"exec sh -c 'cd; umask 077; mkdir -p ".ssh" && cat >> ".ssh/authorized_keys" || exit 1'"#,
                .copyID
            ),
        ] as [(String, ForeignProgram)]) func foreign(text: String, program: ForeignProgram) throws
    {
        let error = try #require(throws: UsageError.self) { try request(text) }
        #expect(error.code == .foreign(program))
    }

    /// Before the sentence that says what is wrong; with it that makes four lines.
    @Test("is refused with the verb's own help in at most three lines")
    func usage() throws {
        for verb in Verbs.all {
            let error = try #require(throws: UsageError.self) {
                try request("\(verb.manual.name) --no-such-option")
            }
            let lines = HelpCommand.usage(for: error).split(separator: "\n")
            #expect((2...3).contains(lines.count) && lines[0] == verb.manual.synopsis, "\(verb.manual.name)")
        }
        for text in ["frobnicate", "42", "scp -t ."] {
            let error = try #require(throws: UsageError.self) { try request(text) }
            #expect(HelpCommand.usage(for: error).isEmpty, "\(text)")
        }
    }

    @Test(
        "leads a client of the person's own to a builder",
        arguments: [
            ("proxy 42", "42"), ("proxy job-42", "42"), ("proxy job-42.builds.example.org", "42"),
            ("proxy job-42.x", "42"), ("proxy job-42.127.0.0.1", "42"), ("proxy job-42.Builds.X", "42"),
            ("proxy JOB-42", "JOB-42"), ("proxy job", "job"), ("proxy job-a-b_C.x", "a-b_C"),
            ("proxy job-42.", "42"),
            ("proxy job-job-42", "job-42"),
        ])
    func proxy(text: String, name: String) throws {
        #expect(try command(text, as: ProxyCommand.self).job == job(name))
    }

    @Test(
        "makes known_hosts",
        arguments: [
            ("known-hosts", nil, .suffix(nil)), ("known-hosts 42", "42", .suffix(nil)),
            ("known-hosts --bare 42", "42", .bare),
            ("known-hosts 42 --suffix x.example", "42", .suffix("x.example")),
            ("known-hosts --suffix 127.0.0.1", nil, .suffix("127.0.0.1")),
        ] as [(String, String?, WantedNames)])
    func knownHosts(text: String, name: String?, names: WantedNames) throws {
        let knownHosts = try command(text, as: KnownHostsCommand.self)
        #expect(knownHosts.job == name.map(job) && knownHosts.names == names)
        #expect(try isAboutAJob(text) == (name != nil))
    }

    @Test(
        "makes ssh_config",
        arguments: [
            ("ssh-config", nil, .suffix(nil), nil, false), ("ssh-config --bare", nil, .bare, nil, false),
            ("ssh-config --install --job 42", "42", .suffix(nil), nil, false),
            ("ssh-config --check", nil, .suffix(nil), nil, false),
            ("ssh-config --suffix X.example", nil, .suffix("X.example"), nil, false),
            ("ssh-config --windows --job 42", "42", .suffix(nil), nil, true),
            ("ssh-config --host gate.example", nil, .suffix(nil), "gate.example", false),
        ] as [(String, String?, WantedNames, String?, Bool)])
    func sshConfig(text: String, name: String?, names: WantedNames, host: String?, windows: Bool) throws {
        let configuration = try command(text, as: SSHConfigCommand.self)
        #expect(configuration.job == name.map(job) && configuration.names == names)
        #expect(configuration.host == host && configuration.windows == windows)
        #expect(try isAboutAJob(text) == (name != nil))
    }

    @Test("of a job that is gone removes its lines")
    func removal() throws {
        let removal = try command("ssh-config --remove --job 42", as: SSHConfigCommand.self)
        #expect(removal.stanzaJob == JobID("42") && removal.script == .remove)
        #expect(try !isAboutAJob("ssh-config --remove --job 42"))
    }

    @Test(
        "is refused",
        arguments: [
            ("ident", UsageError.Code.unknownVerb, "ident"),
            ("uptimes", .unknownVerb, "uptimes"), ("mosh-server new", .unknownVerb, "mosh-server"),
            ("42", .jobWithoutVerb("42"), "42"), ("#42 ls", .jobWithoutVerb("42"), "#42"),
            ("job-42.gateway", .jobWithoutVerb("42"), "job-42.gateway"),
            ("https://x/jobs/a-b", .jobWithoutVerb("a-b"), "https://x/jobs/a-b"),
            ("connect -l build 42 rsync --server . x", .userName, "-l"),
            ("connect -o SendEnv=GIT_PROTOCOL 42 git-upload-pack 'repo'", .settingOfSSH, "-o"),
            ("connect -t 42", .optionOfSSH, "-t"), ("connect 42 -vv", .optionOfSSH, "-vv"),
            ("connect 42 --later", .unknownOption, "--later"), ("connect 42 -z", .unknownOption, "-z"),
            ("connect build@42", .malformedJob, "build@42"),
            ("show https://x/42", .malformedJob, "https://x/42"),
            ("show job/", .malformedJob, "job/"), ("show #", .malformedJob, "#"),
            ("show ,", .malformedJob, ","),
            ("connect --later 42", .unknownOption, "--later"),
            ("connect -x", .optionOfSSH, "-x"),
            ("connect '42", .malformedJob, "'42"),
            ("connect ../42", .malformedJob, "../42"),
            ("connect _42", .malformedJob, "_42"),
            ("tail 42 43", .tooManyWords, "43"),
            ("tail --row", .unknownOption, "--row"),
            ("tail -F 42", .unknownOption, "-F"), ("tail -50 42", .attachedCount(of: "-n"), "50"),
            ("tail -n50 42", .attachedCount(of: "-n"), "50"), ("show -50 42", .unknownOption, "-50"),
            ("tail -n", .missing(.value), "-n"), ("tail -n -5 42", .missing(.value), "-n"),
            ("tail -n many 42", .malformedCount(0...100_000), "many"),
            ("tail -n 100001 42", .malformedCount(0...100_000), "100001"),
            ("tail -n 99999999999999999999 42", .malformedCount(0...100_000), "99999999999999999999"),
            ("tail -n +5 42", .malformedCount(0...100_000), "+5"),
            ("list -n 0", .malformedCount(1...1000), "0"),
            ("list -n 1001", .malformedCount(1...1000), "1001"),
            ("list --before build@42", .malformedJob, "build@42"), ("list -5", .attachedCount(of: "-n"), "5"),
            ("tail -n 5 -n 6", .contradiction, "-n"), ("tail --since 10m 42", .noTimes, "--since"),
            ("ssh 42", .alias(of: "connect"), "ssh"),
            ("shell", .alias(of: "connect"), "shell"),
            ("exec 42 true", .alias(of: "connect"), "exec"),
            ("log 42", .alias(of: "tail"), "log"),
            ("logs", .alias(of: "tail"), "logs"),
            ("ls", .alias(of: "list"), "ls"),
            ("status 42", .alias(of: "show"), "status"),
            ("stop 42", .alias(of: "cancel"), "stop"),
            ("show", .missing(.job), ""),
            ("show 42 43", .tooManyWords, "43"),
            ("list 42", .tooManyWords, "42"),
            ("extend 42 0m", .malformedDuration, "0m"),
            ("extend 42 -1h", .unknownOption, "-1h"),
            ("extend 42 2", .malformedDuration, "2"),
            ("extend 42 1h30", .malformedDuration, "1h30"),
            ("extend 42 99999999999999999999h", .malformedDuration, "99999999999999999999h"),
            ("extend 42 1h --max", .tooManyWords, "1h"),
            ("share 42", .missing(.user), ""),
            ("unshare", .missing(.job), ""),
            ("keys remove", .missing(.fingerprint), ""),
            ("keys show", .unknownVerb, "keys show"),
            ("submit --note", .missing(.text), "--note"),
            ("submit --private --public", .contradiction, "--public"),
            ("submit --follow --json", .contradiction, "--json"),
            ("submit --keep ever", .malformedChoice(of: ["never", "failure", "always"]), "ever"),
            ("submit --follow job.yaml", .fileName, "job.yaml"),
            ("proxy", .missing(.job), ""), ("proxy 42 22", .tooManyWords, "22"),
            ("proxy job-", .malformedJob, "job-"),
            ("proxy job-.x", .malformedJob, "job-.x"), ("proxy .x", .malformedJob, ".x"),
            ("proxy 42.builds.example.org", .malformedJob, "42.builds.example.org"),
            ("proxy JOB-42.x", .malformedJob, "JOB-42.x"), ("proxy job-42.-x", .malformedJob, "job-42.-x"),
            ("proxy job-42.x:22", .malformedJob, "job-42.x:22"), ("proxy -W", .unknownOption, "-W"),
            ("proxy job-42.x\u{e9}", .malformedJob, "job-42.x\u{e9}"),
            (
                "proxy job-42.\(String(repeating: "x", count: 254))", .malformedJob,
                "job-42.\(String(repeating: "x", count: 254))"
            ),
            ("known-hosts --suffix x --suffix y", .contradiction, "--suffix"),
            ("known-hosts 42 43", .tooManyWords, "43"), ("known-hosts --json", .unknownOption, "--json"),
            ("known-hosts --suffix", .missing(.value), "--suffix"),
            ("known-hosts --bare --suffix x", .contradiction, "--bare"),
            ("known-hosts --suffix *", .malformedHost, "*"),
            ("known-hosts --suffix --bare", .missing(.value), "--suffix"),
            ("ssh-config 42", .tooManyWords, "42"), ("ssh-config --job", .missing(.value), "--job"),
            ("ssh-config --job --bare", .missing(.value), "--job"),
            ("ssh-config --job ../42", .malformedJob, "../42"),
            ("ssh-config --host", .missing(.value), "--host"),
            ("ssh-config --suffix --host gw", .missing(.value), "--suffix"),
            ("known-hosts --suffix -x", .missing(.value), "--suffix"),
            ("ssh-config --host a;b", .malformedHost, "a;b"), ("ssh-config --host .x", .malformedHost, ".x"),
            ("ssh-config --host ::1", .malformedHost, "::1"), ("ssh-config --host %h", .malformedHost, "%h"),
            ("ssh-config --suffix x --bare", .contradiction, "--bare"),
            ("ssh-config --check --install", .contradiction, "--check"),
            ("ssh-config --remove --windows", .contradiction, "--windows"),
            ("whoami --all", .unknownOption, "--all"),
            ("help frobnicate", .unknownVerb, "frobnicate"),
        ])
    func refused(text: String, code: UsageError.Code, word: String) {
        let error = #expect(throws: UsageError.self) { try request(text) }
        #expect(error?.code == code && error?.word == word)
    }

    @Test("of 100 KB is taken whole")
    func large() throws {
        let program = String(repeating: "x", count: 100_000)
        #expect(try command("connect 1 " + program, as: ConnectCommand.self).command == Array(program.utf8))
    }

    /// However the words of a line are mixed: it is refused in one short sentence, or nothing of it is lost.
    @Test("is understood, or refused, whatever the words")
    func anyWords() {
        var random = SystemRandomNumberGenerator()
        let verbs = Verbs.all.map(\.manual.name)
        let words =
            verbs + Verbs.all.flatMap { $0.manual.aliases + $0.manual.spellings }
            + [
                "42", "job-42", "--json", "--now", "--", "-", "'", "--note", "--bare", "--suffix",
                "x.example", "1h",
            ]
            + ["\u{1b}[2J", "é", "--max", "list", "add", "bob", "--host", "--job", ".", "../42"]
        for _ in 0..<5000 {
            let line = (0..<Int.random(in: 1...6, using: &random))
                .map { _ in words.randomElement(using: &random)! }.joined(separator: " ")
            do throws(UsageError) {
                let understood = try request(line)
                guard case .job(let command) = understood, let connect = command as? ConnectCommand else {
                    continue
                }
                let program = connect.command ?? []
                #expect(Array(line.utf8.suffix(program.count)) == program)
            } catch {
                let sentence = error.description
                #expect(
                    sentence.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                    "\(line)")
                #expect(sentence.count < 200, "\(line)")
            }
        }
    }
}

/// The registry: nobody can take a verb without saying all there is to say about it.
@Suite struct VerbsTests {
    @Test func aWordMeansOneVerb() {
        let words = Verbs.all.flatMap { [$0.manual.name] + $0.manual.spellings + $0.manual.aliases }
        #expect(Set(words).count == words.count)
    }

    @Test(arguments: Verbs.all) func aVerbIsAboutAJobOrAPerson(verb: Verb) {
        #expect(verb.action != nil || verb.isPersonal, "\(verb.manual.name)")
    }

    @Test(arguments: ["sftp", "scp", "git-upload-pack", "conect", "Connect", "connect\u{0}", "42"])
    func aWordThatNoVerbClaimsIsRefused(word: String) {
        let error = #expect(throws: UsageError.self) { try request(word) }
        #expect(error.map { Refusal.usage($0).message.status } == .usage)
    }

    /// Machines ask for the archive by what their kernel says.
    @Test(arguments: [
        ("attach-bundle", AttachBundleCommand.Architecture.amd64), ("attach-bundle amd64", .amd64),
        ("attach-bundle x86_64", .amd64), ("attach-bundle arm64", .arm64), ("attach-bundle aarch64", .arm64),
    ])
    func anArchiveIsForAnArchitecture(text: String, architecture: AttachBundleCommand.Architecture) throws {
        #expect(try command(text, as: AttachBundleCommand.self).architecture == architecture)
    }

    @Test func thereIsNoArchiveForOthers() {
        #expect(throws: UsageError.self) { try request("attach-bundle armv7l") }
    }
}
