import FoundationEssentials
import TestBed
import Testing

/// What people do with their jobs, through the gateway and the real service.
@Suite struct VerbsTests {
    private struct View: Decodable {
        struct Builder: Decodable {
            var state: String
        }

        var id: String
        var status: String
        var visibility: String
        var note: String?
        var deadline: Date?
        var maxDeadline: Date?
        var held: Bool
        var builder: Builder?
        var builderEnd: String?
        var shares: [String]?
    }

    private struct Views: Decodable {
        var jobs: [View]
        var next: String?
    }

    /// What the operator's tool lists.
    private struct Numbers: Decodable {
        struct Job: Decodable {
            var id: String
        }

        var jobs: [Job]
        var next: String?
    }

    private static let failing = "image: debian\ntasks:\n  - check: |\n      echo checked\n      exit 3\n"

    private func decode<Value: Decodable>(_ type: Value.Type, _ finished: Finished) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(finished.output))
    }

    private func view(_ job: String, in testBed: TestBed, as person: String = "alice") async throws -> View {
        let shown = try await Command.run(testBed.ssh(["show", job, "--json"], as: person))
        await expect(shown, status: 0, in: testBed)
        return try decode(View.self, shown)
    }

    // MARK: Looking

    @Test func whatIsThereIsListedAndShown() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let list = try await Command.run(testBed.ssh(["list"]))
        await expect(list, status: 0, output: ["JOB", "LEFT", "failed  kept"], in: testBed)
        #expect(list.text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(list)")
        #expect(list.text.split(separator: "\n").contains { $0.hasPrefix("  \(job) ") }, "\(list)")
        let all = try await Command.run(testBed.ssh(["list", "--all", "--json"]))
        await expect(all, status: 0, in: testBed)
        #expect(try decode(Views.self, all).jobs.contains { $0.id == job && $0.builder?.state == "kept" })
        try await listIsReadPageByPage(in: testBed)
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(
            shown, status: 0,
            output: ["Job \(job)", "failed, unlisted", "exit status 3", "connect \(job)", "tail \(job)"],
            in: testBed)
        let who = try await Command.run(testBed.ssh(["whoami"], as: "bob"))
        await expect(who, status: 0, output: ["bob, with the key SHA256:"], in: testBed)
        // The last word of a finished job is its own log's.
        let log = try await Command.run(testBed.ssh(["tail", job]))
        await expect(log, status: 1, errors: ["To enter the machine: ssh -t"], in: testBed)
        #expect(log.text.split(separator: "\n").last?.contains("the builder is kept until") == true, "\(log)")
        let images = try await Command.run(testBed.ssh(["images"]))
        await expect(images, status: 0, output: ["debian", " MiB of memory", "no network"], in: testBed)
        let pools = try await Command.run(testBed.ssh(["pools"]))
        await expect(pools, status: 0, output: ["local", " free, the default"], in: testBed)
        let help = try await Command.run(testBed.ssh(["extend", "--help"]))
        await expect(help, status: 0, output: ["extend <job> [duration|--max]"], in: testBed)
        let version = try await Command.run(testBed.ssh(["version"]))
        await expect(version, status: 0, output: ["sallyport "], in: testBed)
    }

    /// Jobs that other tests submit meanwhile are newer.
    private func listIsReadPageByPage(in testBed: TestBed) async throws {
        let submitted = try await Command.run(
            testBed.ssh(["submit", "--json"]), input: Array(Self.failing.utf8))
        let newest = try decode(View.self, submitted).id
        _ = try await Command.run(testBed.ssh(["cancel", newest]))
        let first = try await Command.run(testBed.ssh(["list", "--all", "-n", "1"]))
        await expect(
            first, status: 0, output: ["JOB"],
            errors: ["There are older jobs: ssh ", " list --all -n 1 --before "], in: testBed)
        let next = try #require(first.errorText.trimmed.split(separator: " ").last.map(String.init))
        let second = try await Command.run(
            testBed.ssh(["list", "--all", "--json", "-n", "1", "--before", next]))
        await expect(second, status: 0, in: testBed)
        let older = try decode(Views.self, second).jobs
        #expect(older.count == 1 && older.allSatisfy { Int($0.id)! < Int(next)! }, "\(second)")
        let unknown = try await Command.run(testBed.ssh(["list", "--before", "999999"]))
        await expect(unknown, status: 65, errors: ["never been a job with this id"], in: testBed)
        // The operator's tool goes on to the end, or to a limit.
        func jobs(_ words: String...) async throws -> Numbers {
            let listed = try await testBed.sallyport(["jobs", "--all", "--json"] + words)
            await expect(listed, status: 0, in: testBed)
            return try decode(Numbers.self, listed)
        }
        let all = try await jobs()
        #expect(
            all.next == nil && all.jobs.contains { $0.id == newest }
                && all.jobs.contains { $0.id == older.first?.id })
        let one = try await jobs("--limit", "1")
        #expect(one.jobs.count == 1 && one.next == one.jobs.last?.id)
        for list in ["keys", "people"] {
            let listed = try await testBed.sallyport([list, "list", "--limit", "1"])
            await expect(listed, status: 0, output: ["alice"], in: testBed)
            #expect(listed.text.split(separator: "\n").count == 2, "\(listed)")
        }
    }

    /// Private details are not in the answer to others, whichever verb they use.
    @Test func aPublicJobShowsOthersNeitherWhoIsInsideNorItsAddress() async throws {
        let testBed = try await SharedTestBed.get()
        let submitted = try await Command.run(
            testBed.ssh(["submit", "--public", "--json"]), input: Array(Self.failing.utf8))
        await expect(submitted, status: 0, in: testBed)
        let job = try decode(View.self, submitted).id
        let tail = try await Command.run(testBed.ssh(["tail", job], as: "bob"), deadline: .seconds(120))
        await expect(tail, status: 1, output: ["[check] checked"], in: testBed)
        let inside = try await Command.start(testBed.ssh(["connect", job, "echo inside; cat"])) { command in
            try await command.output.wait(for: "inside")
            for words in [["show", job], ["show", job, "--json"]] {
                let shown = try await Command.run(testBed.ssh(words, as: "bob"))
                await expect(shown, status: 0, output: ["failed"], in: testBed)
                for secret in ["inside", "sessions", "connect", "127.0.0.1:", "shares"] {
                    #expect(!shown.text.contains(secret), "\(shown)")
                }
            }
            let shown = try await Command.run(testBed.ssh(["show", job]))
            await expect(shown, status: 0, output: ["inside     alice, exec"], in: testBed)
            try await command.finishInput()
        }
        await expect(inside, status: 0, in: testBed)
        try await testBed.endBuilder(of: job)
    }

    // MARK: People's own ssh

    @Test func aJobsBuilderGetsItsLinesForPeoplesOwnSSH() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let keys = try #require(try await Operator(testBed: testBed).job(job).builder).hostKeys
        for (option, name) in [("--bare", "job-\(job)"), ("--suffix Some.Host", "job-\(job).some.host")] {
            let known = try await Command.run(testBed.ssh(["known-hosts", option, job]))
            await expect(known, status: 0, in: testBed)
            #expect(known.text == keys.map { "\(name) \($0)\n" }.joined())
        }
        let stanza = try await Command.run(
            testBed.ssh(["ssh-config", "--job", job, "--host", "gate.example"]))
        let gateway = " -p \(testBed.port(of: .builds)) builds@gate.example"
        await expect(
            stanza, status: 0,
            output: [
                "Host job-\(job).\(TestBed.publicHost)\n", "User build\n",
                "ProxyCommand ssh -T ", "\(gateway) proxy job-\(job)\n",
            ],
            in: testBed)
        #expect(
            stanza.text.contains("\(gateway) ssh-config --host gate.example --job \(job) --install "),
            "\(stanza)")
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(
            shown, status: 0, output: ["ssh job-\(job).\(TestBed.publicHost)", "ssh-config)"], in: testBed)
        let greeted = try await Command.run(testBed.ssh([]))
        await expect(greeted, status: 0, output: ["Use an editor, scp, rsync, ports:"], in: testBed)
        for words in [["known-hosts", job], ["ssh-config", "--job", job]] {
            let refused = try await Command.run(testBed.ssh(words, as: "bob"))
            await expect(refused, status: 77, errors: ["belongs to alice"], in: testBed)
        }
    }

    /// A service's answers end up in people's configuration.
    @Test(
        arguments: [
            ("200 OK", #"["\#(TestBed.publicHost)"]"#, "build", 0, ""),
            (
                "200 OK", #"["x.example"]"#, "build", 64,
                "no certificate for names like job-*.\(TestBed.publicHost). Use --suffix x.example"
            ),
            (
                "200 OK", #"["\#(TestBed.publicHost)"]"#, #"build\n ProxyCommand x"#, 78,
                "gave an invalid answer"
            ),
            ("404 Not Found", "[]", "", 69, "known-hosts JOB"),
            ("503 Service Unavailable", "[]", "", 75, "cannot answer now"),
        ] as [(String, String, String, Int32, String)])
    func allBuildersGetTheirLinesWhereSomeoneVouchesForThem(
        answer: String, suffixes: String, user: String, status: Int32, sentence: String
    ) async throws {
        let testBed = try await SharedTestBed.get()
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/"
        try await ScriptedService.serving(in: testBed) { request in
            guard request.contains("/v1/host-authority") else {
                return ScriptedService.key(request, name: "alice")
            }
            return ScriptedService.answer(
                answer, "application/json",
                #"{"key": "\#(key)", "suffixes": \#(suffixes), "user": "\#(user)", "status": 404, "title": ""}"#
            )
        } _: {
            for (verb, lines) in [
                ("known-hosts", ["@cert-authority job-*.\(TestBed.publicHost) \(key) builders\n"]),
                ("ssh-config", ["Host job-*.\(TestBed.publicHost) !", "\n    User build\n"]),
            ] {
                let answered = try await Command.run(testBed.ssh([verb], to: .orphaned))
                await expect(
                    answered, status: status, output: status == 0 ? lines : [],
                    errors: sentence.isEmpty ? [] : [sentence], in: testBed)
                #expect(status == 0 || answered.output.isEmpty, "\(answered)")
            }
        }
    }

    // MARK: The builder's time

    @Test func aBuildersTimeIsExtendedAsFarAsItGoes() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let before = try #require(try await view(job, in: testBed).deadline)
        let extended = try await Command.run(testBed.ssh(["extend", job, "10m"]))
        await expect(extended, status: 0, output: ["The builder of job \(job) ends"], in: testBed)
        let after = try await view(job, in: testBed)
        let added = try #require(after.deadline).timeIntervalSince(before)
        #expect(abs(added - 600) <= 1, "\(added)")
        let tooFar = try await Command.run(testBed.ssh(["extend", job, "60d"]))
        await expect(tooFar, status: 64, errors: ["at the latest", "extend \(job) --max"], in: testBed)
        let most = try await Command.run(testBed.ssh(["extend", job, "--max", "--json"]))
        await expect(most, status: 0, in: testBed)
        #expect(try decode(View.self, most).deadline == after.maxDeadline)
        for words in ["0m", "-5m", "soon", "5"] {
            let refused = try await Command.run(testBed.ssh(["extend", job, words]))
            await expect(refused, status: 64, in: testBed)
        }
        try await testBed.endBuilder(of: job)
        let over = try await Command.run(testBed.ssh(["extend", job]))
        await expect(over, status: 69, errors: ["The builder of job \(job) is gone."], in: testBed)
    }

    @Test func aBuilderIsHeldAndReleased() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let held = try await Command.run(testBed.ssh(["hold", job]))
        await expect(held, status: 0, output: ["stays until its time is up in 1 hour"], in: testBed)
        #expect(try await view(job, in: testBed).held)
        let unheld = try await Command.run(testBed.ssh(["unhold", job]))
        await expect(
            unheld, status: 0, output: ["The builder of job \(job) is no longer held.\n"], in: testBed)
        #expect(try await !view(job, in: testBed).held)

        let undecided = try await Command.run(testBed.ssh(["release", job]))
        await expect(
            undecided, status: 1,
            errors: ["End the builder of job \(job) now? [yes/no]", "The builder stays."],
            in: testBed)
        let decided = try await Command.run(testBed.ssh(["release", job]), input: Array("yes\n".utf8))
        await expect(decided, status: 0, output: ["The builder of job \(job) ends now."], in: testBed)
        try await expectNoBuilder(of: job, in: testBed)
        #expect(try await view(job, in: testBed).builderEnd == "released")
        let again = try await Command.run(testBed.ssh(["release", job, "--yes"]))
        await expect(again, status: 69, errors: ["is gone"], in: testBed)
    }

    // MARK: Other people

    @Test func aJobIsSharedAndNoLonger() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let enter = ["connect", job, "sallyport; echo inside; cat"]
        let before = try await Command.run(testBed.ssh(enter, as: "bob"))
        await expect(before, status: 77, errors: ["belongs to alice"], in: testBed)
        let nobody = try await Command.run(testBed.ssh(["share", job, "nobody-here"]))
        await expect(nobody, status: 65, in: testBed)
        let shared = try await Command.run(testBed.ssh(["share", job, "bob"]))
        await expect(shared, status: 0, output: ["bob can enter job \(job) now"], in: testBed)
        #expect(try await view(job, in: testBed).shares == ["bob"])
        let session = try await Command.start(testBed.ssh(enter, as: "bob")) { command in
            try await command.output.wait(for: "\ninside")
            let others = try await Command.run(testBed.ssh(["extend", job], as: "bob"))
            await expect(others, status: 77, errors: ["Only its owner can do that."], in: testBed)
            let own = try await Command.run(testBed.ssh(["connect", job, "sallyport"]))
            await expect(own, status: 0, output: ["hold \(job)"], in: testBed)
            for words in [["list"], []] {
                let listed = try await Command.run(testBed.ssh(words, as: "bob"))
                await expect(listed, status: 0, output: [" OWNER ", "  \(job) ", " alice"], in: testBed)
            }
            let shown = try await Command.run(testBed.ssh(["show", job], as: "bob"))
            await expect(shown, status: 0, output: ["connect \(job)"], in: testBed)
            #expect(!shown.text.contains("extend"), "\(shown)")
            // Without a job, it is one's own or none.
            let unnamed = try await Command.run(testBed.ssh(["connect", "--", "echo $JOB_ID"], as: "bob"))
            #expect(!unnamed.errorText.contains("alice") && unnamed.text.trimmed != job, "\(unnamed)")
            let unshared = try await Command.run(testBed.ssh(["unshare", job, "bob"]))
            await expect(
                unshared, status: 0, output: ["Job \(job) is no longer shared with bob."], in: testBed)
        }
        await expect(
            session, status: 77, output: ["connect \(job)"], errors: ["job \(job) is no longer open to you."],
            in: testBed)
        for word in ["extend", "hold", "release"] { #expect(!session.text.contains(word), "\(session)") }
        try await testBed.endBuilder(of: job)
    }

    // MARK: Jobs

    @Test func aSubmittedJobIsFollowedAndItsEndIsOurs() async throws {
        let testBed = try await SharedTestBed.get()
        let words = ["submit", "--follow", "--private", "--note", "a", "wrong", "answer"]
        let failed = try await Command.run(
            testBed.ssh(words), input: Array(Self.failing.utf8), deadline: .seconds(120))
        await expect(
            failed, status: 1, output: ["[check] checked"],
            errors: [
                "is submitted", "To enter the machine, now or after a failure: ssh -t", "connect --now ",
                "To enter the machine: ssh -t", "connect ",
            ], in: testBed)
        let job = String(failed.errorText.drop { !$0.isNumber }.prefix { $0.isNumber })
        let shown = try await view(job, in: testBed)
        #expect(shown.note == "a wrong answer" && shown.visibility == "private")
        let hidden = try await Command.run(testBed.ssh(["show", job], as: "bob"))
        await expect(hidden, status: 66, errors: ["There is no job \(job)."], in: testBed)
        try await testBed.endBuilder(of: job)

        // As builds.sr.ht runs it, from Windows.
        let manifest =
            "\u{feff}image: debian\r\ntasks:\r\n  setup: echo set up\r\n  skip: complete-build\r\n  never: exit 1\r\n"
        let passing = try await Command.run(
            testBed.ssh(["submit", "--follow"]), input: Array(manifest.utf8), deadline: .seconds(120))
        await expect(
            passing, status: 0,
            output: ["builder ready", "[setup] set up\n", "task skip: complete-build: the job ends here"],
            in: testBed)
        #expect(!passing.errorText.contains("To enter the machine:"), "\(passing)")
        let completed = String(passing.errorText.drop { !$0.isNumber }.prefix { $0.isNumber })
        let sheet = try await Command.run(testBed.ssh(["show", completed]))
        await expect(
            sheet, status: 0, output: ["complete-build: the rest was skipped", "never  skipped"], in: testBed)
    }

    @Test(arguments: [
        ("", "There is no manifest"), ("image: debian\ntasks:\n  - Wrong Name: x\n", "line 3"),
        ("image: debain\n", "there is no image \"debain\"; there are: debian"),
        ("\u{0}\u{1}", "There is no manifest"),
        ("image: debian\u{0}\u{1}", "The manifest has several faults; no job was submitted."),
        ("image: debian\nsources: []\npackages: []\n", "\n  line 3, packages: not read: "),
    ])
    func aManifestThatIsNoneIsRefusedWithItsPlace(manifest: String, sentence: String) async throws {
        try await refuse(manifest, sentence)
    }

    @Test func aManifestOfMoreThanAMegabyteIsRefused() async throws {
        try await refuse(String(repeating: "#", count: 1_100_000), "is larger than 1 MB")
    }

    private func refuse(_ manifest: String, _ sentence: String) async throws {
        let testBed = try await SharedTestBed.get()
        let refused = try await Command.run(testBed.ssh(["submit"]), input: Array(manifest.utf8))
        await expect(refused, status: 65, errors: [sentence], in: testBed)
        #expect(refused.output.isEmpty)
    }

    @Test func aRunningJobIsCancelled() async throws {
        let testBed = try await SharedTestBed.get()
        let submitted = try await Command.run(
            testBed.ssh(["submit", "--json"]), input: Array("image: debian\ntasks:\n  - a: sleep 600\n".utf8))
        await expect(submitted, status: 0, in: testBed)
        let job = try decode(View.self, submitted).id
        let early = try await Command.run(testBed.ssh(["extend", job]))
        #expect([69, 75].contains(early.status), "\(early)")
        let cancelled = try await Command.run(testBed.ssh(["cancel", job]))
        await expect(cancelled, status: 0, output: ["Job \(job) is cancelled."], in: testBed)
        let again = try await Command.run(testBed.ssh(["cancel", job]))
        await expect(again, status: 69, errors: ["has ended already"], in: testBed)
    }

    // MARK: Keys

    @Test func aPersonsKeysAreTheirs() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.makeKey("second", ["-t", "ed25519", "-C", "at home"])
        let file = try await Command.run(["cat", "\(testBed.client)/second.pub"]).output
        let fingerprint = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/second.pub"])
            .text.split(separator: " ")[1]
        let secret = try await Command.run(["cat", "\(testBed.client)/second"]).output
        let pasted = try await Command.run(testBed.ssh(["keys", "add"], as: "bob"), input: secret)
        await expect(pasted, status: 65, errors: ["This is a private key"], in: testBed)
        let added = try await Command.run(testBed.ssh(["keys", "add"], as: "bob"), input: file)
        let word = try #require(added.confirmationWord, "\(added)")
        let confirmed = try await Command.run(
            testBed.ssh(
                ["keys", "confirm", word],
                options: ["-o", "IdentityFile=none", "-i", "\(testBed.client)/second"]))
        await expect(confirmed, status: 0, output: ["The key \(fingerprint) is bob's now."], in: testBed)
        let again = try await Command.run(testBed.ssh(["keys", "add"], as: "bob"), input: file)
        await expect(again, status: 69, errors: ["already yours"], in: testBed)
        let listed = try await Command.run(testBed.ssh(["keys"], as: "bob"))
        await expect(listed, status: 0, output: ["  \(fingerprint) at home", "* SHA256:"], in: testBed)
        let others = try await Command.run(testBed.ssh(["keys", "remove", String(fingerprint)]))
        await expect(others, status: 65, errors: ["You have no key with this fingerprint."], in: testBed)
        let removed = try await Command.run(testBed.ssh(["keys", "remove", String(fingerprint)], as: "bob"))
        await expect(removed, status: 0, errors: ["The key is removed."], in: testBed)
        let left = try await Command.run(testBed.ssh(["keys", "--json"], as: "bob"))
        await expect(left, status: 0, in: testBed)
        #expect(!left.text.contains(fingerprint))
    }
}
