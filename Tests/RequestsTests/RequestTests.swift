import BuildAPI
import Testing

@testable import Requests

private func request(_ text: String?) throws(RequestError) -> Request {
    try Request(originalCommand: text.map { Array($0.utf8) })
}

private func configuration(_ set: (inout Request.ClientConfiguration) -> Void = { _ in }) -> Request {
    var wanted = Request.ClientConfiguration()
    set(&wanted)
    return .sshConfig(wanted)
}

private func job(_ name: String) -> JobID { JobID(name)! }

@Suite("SSH_ORIGINAL_COMMAND")
struct RequestTests {
    @Test("absent or blank is a greeting", arguments: [nil, "", " ", " \t\n "])
    func greeting(_ text: String?) throws {
        #expect(try request(text) == .greet)
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
            ("connect 42 --now", "42", false, "--now"),
            ("connect 42 sh -c 'echo \"a  b\"; exit 3'", "42", false, "sh -c 'echo \"a  b\"; exit 3'"),
            ("connect 42 echo 'unbalanced", "42", false, "echo 'unbalanced"),
            ("connect 42 a\nb", "42", false, "a\nb"),
        ] as [(String, String?, Bool, String?)])
    func connect(text: String, name: String?, now: Bool, command: String?) throws {
        let expected = Request.connect(job: name.map(job), now: now, command: command.map { Array($0.utf8) })
        #expect(try request(text) == expected)
    }

    @Test("hands bytes that are not UTF-8 on as they are")
    func bytes() throws {
        let command: [UInt8] = [0xff, 0x00 + 1, 0xc3, 0x28]
        let parsed = try Request(originalCommand: Array("connect 1 ".utf8) + command)
        #expect(parsed == .connect(job: job("1"), now: false, command: command))
    }

    @Test(
        "tails",
        arguments: [
            ("tail", nil, false), ("tail 42", "42", false), ("tail --raw 42", "42", true),
            ("tail --raw", nil, true),
        ] as [(String, String?, Bool)])
    func tail(text: String, name: String?, raw: Bool) throws {
        #expect(try request(text) == .tail(job: name.map(job), raw: raw))
    }

    @Test(
        "asks for anything else",
        arguments: [
            ("show 42", .show(job: job("42"), json: false)),
            ("show --json 42", .show(job: job("42"), json: true)),
            ("list", .list(all: false, json: false)),
            ("list --json --all", .list(all: true, json: true)),
            ("extend 42", .extend(job: job("42"), by: .time(.seconds(3600)), json: false)),
            ("extend 42 1h30m", .extend(job: job("42"), by: .time(.seconds(5400)), json: false)),
            ("extend 42 2d --json", .extend(job: job("42"), by: .time(.seconds(172_800)), json: true)),
            ("extend --max 42", .extend(job: job("42"), by: .maximum, json: false)),
            ("release 42", .release(job: job("42"), confirmed: false, json: false)),
            ("release 42 --yes", .release(job: job("42"), confirmed: true, json: false)),
            ("hold 42", .hold(job: job("42"), json: false)),
            ("unhold 42", .unhold(job: job("42"), json: false)),
            ("share 42 bob", .share(job: job("42"), with: "bob", json: false)),
            ("unshare 42 bob", .unshare(job: job("42"), with: "bob", json: false)),
            ("cancel 42", .cancel(job: job("42"), json: false)),
            ("keys", .keys(.list, json: false)), ("keys list --json", .keys(.list, json: true)),
            ("keys add", .keys(.add, json: false)),
            ("keys remove SHA256:abc", .keys(.remove(fingerprint: "SHA256:abc"), json: false)),
            ("whoami", .whoami(json: false)), ("accept-terms", .acceptTerms), ("version", .version),
            ("--version", .version), ("help", .help(nil)), ("--help", .help(nil)), ("-h", .help(nil)),
            ("help tail", .help(.tail)), ("help logs", .help(.tail)), ("tail --help", .help(.tail)),
            ("connect --help", .help(.connect)), ("connect -h", .help(.connect)),
        ] as [(String, Request)])
    func others(text: String, expected: Request) throws {
        #expect(try request(text) == expected)
    }

    @Test(
        "submits",
        arguments: [
            ("submit", nil, false, .unlisted), ("submit --follow", nil, true, .unlisted),
            ("submit --note fix the parser --follow", "fix the parser", true, .unlisted),
            ("submit --private --note 'fix it'", "fix it", false, .private),
            ("submit --public --note \"a --b c\"", "a --b c", false, .public),
        ] as [(String, String?, Bool, Visibility)])
    func submit(text: String, note: String?, follow: Bool, visibility: Visibility) throws {
        var submission = Request.Submission()
        (submission.note, submission.follow, submission.visibility) = (note, follow, visibility)
        #expect(try request(text) == .submit(submission))
    }

    @Test(
        "leads a client of the person's own to a builder",
        arguments: [
            ("proxy 42", "42"), ("proxy job-42", "42"), ("proxy job-42.builds.example.org", "42"),
            ("proxy job-42.x", "42"), ("proxy job-42.127.0.0.1", "42"), ("proxy job-42.Builds.X", "42"),
            ("proxy JOB-42", "JOB-42"), ("proxy job", "job"), ("proxy job-a-b_C.x", "a-b_C"),
            ("proxy job-job-42", "job-42"),
        ])
    func proxy(text: String, name: String) throws {
        #expect(try request(text) == .proxy(job: job(name)))
    }

    @Test(
        "sets a client of the person's own up",
        arguments: [
            ("known-hosts", .knownHosts(job: nil, names: .suffix(nil))),
            ("known-hosts 42", .knownHosts(job: job("42"), names: .suffix(nil))),
            ("known-hosts --bare 42", .knownHosts(job: job("42"), names: .bare)),
            ("known-hosts 42 --suffix x.example", .knownHosts(job: job("42"), names: .suffix("x.example"))),
            ("known-hosts --suffix 127.0.0.1", .knownHosts(job: nil, names: .suffix("127.0.0.1"))),
            ("known-hosts --help", .help(.knownHosts)),
            ("ssh-config", configuration()),
            ("ssh-config --bare", configuration { $0.names = .bare }),
            ("ssh-config --suffix X.example", configuration { $0.names = .suffix("X.example") }),
            ("ssh-config --windows --job 42", configuration { ($0.windows, $0.job) = (true, job("42")) }),
            ("ssh-config --host gate.example", configuration { $0.host = "gate.example" }),
            ("ssh-config -h", .help(.sshConfig)),
        ] as [(String, Request)])
    func setUp(text: String, expected: Request) throws {
        #expect(try request(text) == expected)
    }

    @Test(
        "is refused",
        arguments: [
            ("ident", RequestError.Code.unknownVerb, "ident"),
            ("/usr/lib/openssh/sftp-server", .unknownVerb, "/usr/lib/openssh/sftp-server"),
            ("Connect 42", .unknownVerb, "Connect"),
            ("connect --later 42", .unknownOption, "--later"),
            ("connect -x", .unknownOption, "-x"),
            ("connect '42", .malformedJob, "'42"),
            ("connect ../42", .malformedJob, "../42"),
            ("connect _42", .malformedJob, "_42"),
            ("tail 42 43", .tooManyWords, "43"),
            ("tail --row", .unknownOption, "--row"),
            ("tail -f 42", .unknownOption, "-f"),
            ("ssh 42", .alias(of: .connect), "ssh"),
            ("shell", .alias(of: .connect), "shell"),
            ("exec 42 true", .alias(of: .connect), "exec"),
            ("log 42", .alias(of: .tail), "log"),
            ("logs", .alias(of: .tail), "logs"),
            ("ls", .alias(of: .list), "ls"),
            ("status 42", .alias(of: .show), "status"),
            ("stop 42", .alias(of: .cancel), "stop"),
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
            ("submit --note", .missing(.note), "--note"),
            ("submit --private --public", .contradiction, "--public"),
            ("submit --follow --json", .contradiction, "--json"),
            ("submit job.yaml", .tooManyWords, "job.yaml"),
            ("proxy", .missing(.job), ""), ("proxy 42 22", .tooManyWords, "22"),
            ("proxy job-", .malformedJob, "job-"), ("proxy job-42.", .malformedJob, "job-42."),
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
            ("known-hosts --suffix --bare", .malformedHost, "--bare"),
            ("ssh-config 42", .tooManyWords, "42"), ("ssh-config --job", .missing(.value), "--job"),
            ("ssh-config --job --bare", .malformedJob, "--bare"),
            ("ssh-config --job ../42", .malformedJob, "../42"),
            ("ssh-config --host", .missing(.value), "--host"),
            ("ssh-config --host a;b", .malformedHost, "a;b"), ("ssh-config --host .x", .malformedHost, ".x"),
            ("ssh-config --host ::1", .malformedHost, "::1"), ("ssh-config --host %h", .malformedHost, "%h"),
            ("ssh-config --suffix x --bare", .contradiction, "--bare"),
            ("whoami --all", .unknownOption, "--all"),
            ("help frobnicate", .unknownVerb, "frobnicate"),
        ])
    func refused(text: String, code: RequestError.Code, word: String) {
        let error = #expect(throws: RequestError.self) { try request(text) }
        #expect(error?.code == code && error?.word == word)
    }

    @Test("is quoted without anything a terminal acts on")
    func quoted() {
        let error = RequestError(.unknownVerb, word: "\u{1b}]0;x\u{7}é" + String(repeating: "x", count: 100))
        #expect(error.description == "There is no verb “?]0;x??" + String(repeating: "x", count: 33) + "…”.")
    }

    @Test("of 100 KB is taken whole")
    func large() throws {
        let command = String(repeating: "x", count: 100_000)
        #expect(
            try request("connect 1 " + command)
                == .connect(job: job("1"), now: false, command: Array(command.utf8)))
    }
}

@Suite("A job's name")
struct JobIDTests {
    @Test("has 1 to 64 characters", arguments: ["1", "a-b_C", String(repeating: "x", count: 64)])
    func valid(_ text: String) {
        #expect(JobID(text)?.description == text)
    }

    @Test(
        "is nothing else",
        arguments: ["", "-1", "_1", "a b", "a/b", "é", "1\n", "%31", String(repeating: "x", count: 65)])
    func invalid(_ text: String) {
        #expect(JobID(text) == nil)
    }
}
