import FoundationEssentials
import Testing
import World

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
    }

    private static let failing = "image: debian\ntasks:\n  - check: |\n      echo checked\n      exit 3\n"

    private func decode<Value: Decodable>(_ type: Value.Type, _ finished: Finished) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(finished.output))
    }

    private func view(_ job: String, in world: World, as person: String = "alice") async throws -> View {
        let shown = try await Command.run(world.ssh(["show", job, "--json"], as: person))
        await expect(shown, status: 0, in: world)
        return try decode(View.self, shown)
    }

    // MARK: Looking

    @Test func whatIsThereIsListedAndShown() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let list = try await Command.run(world.ssh(["list"]))
        await expect(list, status: 0, output: ["JOB", "LEFT", "failed  kept"], in: world)
        #expect(list.text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(list)")
        #expect(list.text.split(separator: "\n").contains { $0.hasPrefix("  \(job) ") }, "\(list)")
        let all = try await Command.run(world.ssh(["list", "--all", "--json"]))
        await expect(all, status: 0, in: world)
        #expect(try decode(Views.self, all).jobs.contains { $0.id == job && $0.builder?.state == "kept" })
        let shown = try await Command.run(world.ssh(["show", job]))
        await expect(
            shown, status: 0,
            output: ["Job \(job)", "failed, unlisted", "exit status 3", "connect \(job)", "tail \(job)"],
            in: world)
        let who = try await Command.run(world.ssh(["whoami"], as: "bob"))
        await expect(who, status: 0, output: ["bob, with the key SHA256:"], in: world)
        let help = try await Command.run(world.ssh(["extend", "--help"]))
        await expect(help, status: 0, output: ["extend <job> [duration|--max]"], in: world)
        let version = try await Command.run(world.ssh(["version"]))
        await expect(version, status: 0, output: ["sallyport "], in: world)
    }

    /// Private details are not in the answer to others, whichever verb they use.
    @Test func aPublicJobShowsOthersNeitherWhoIsInsideNorItsAddress() async throws {
        let world = try await SharedWorld.get()
        let submitted = try await Command.run(
            world.ssh(["submit", "--public", "--json"]), input: Array(Self.failing.utf8))
        await expect(submitted, status: 0, in: world)
        let job = try decode(View.self, submitted).id
        let tail = try await Command.run(world.ssh(["tail", job], as: "bob"), deadline: .seconds(120))
        await expect(tail, status: 1, output: ["[check] checked"], in: world)
        let inside = try await Command.start(world.ssh(["connect", job, "echo inside; cat"])) { command in
            try await command.output.wait(for: "inside")
            for words in [["show", job], ["show", job, "--json"]] {
                let shown = try await Command.run(world.ssh(words, as: "bob"))
                await expect(shown, status: 0, output: ["failed"], in: world)
                for secret in ["inside", "sessions", "connect", "127.0.0.1:", "shares"] {
                    #expect(!shown.text.contains(secret), "\(shown)")
                }
            }
            let shown = try await Command.run(world.ssh(["show", job]))
            await expect(shown, status: 0, output: ["inside     alice, exec"], in: world)
            try await command.finishInput()
        }
        await expect(inside, status: 0, in: world)
        try await world.endBuilder(of: job)
    }

    // MARK: People's own ssh

    @Test func aJobsBuilderGetsItsLinesForPeoplesOwnSSH() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let keys = try #require(try await Operator(world: world).job(job).builder).hostKeys
        for (option, name) in [("--bare", "job-\(job)"), ("--suffix Some.Host", "job-\(job).some.host")] {
            let known = try await Command.run(world.ssh(["known-hosts", option, job]))
            await expect(known, status: 0, in: world)
            #expect(known.text == keys.map { "\(name) \($0)\n" }.joined())
        }
        let stanza = try await Command.run(world.ssh(["ssh-config", "--job", job, "--host", "gate.example"]))
        let gateway = "ssh -p \(world.port(of: .builds)) builds@gate.example"
        await expect(
            stanza, status: 0,
            output: [
                "Host job-\(job).\(World.publicHost)\n", "User build\n",
                "ProxyCommand \(gateway) proxy job-\(job)\n",
            ],
            in: world)
        #expect(stanza.text.contains("&& \(gateway) known-hosts \(job) >"), "\(stanza)")
        let shown = try await Command.run(world.ssh(["show", job]))
        await expect(
            shown, status: 0, output: ["ssh job-\(job).\(World.publicHost)", "ssh-config)"], in: world)
        let greeted = try await Command.run(world.ssh([]))
        await expect(greeted, status: 0, output: ["Use an editor, scp, rsync, ports:"], in: world)
        for words in [["known-hosts", job], ["ssh-config", "--job", job]] {
            let refused = try await Command.run(world.ssh(words, as: "bob"))
            await expect(refused, status: 77, errors: ["belongs to alice"], in: world)
        }
    }

    /// A service's answers end up in people's configuration.
    @Test(
        arguments: [
            ("200 OK", #"["\#(World.publicHost)"]"#, "build", 0, ""),
            (
                "200 OK", #"["x.example"]"#, "build", 64,
                "no certificate for names like job-*.\(World.publicHost). Use --suffix x.example"
            ),
            (
                "200 OK", #"["\#(World.publicHost)"]"#, #"build\n ProxyCommand x"#, 78,
                "gave an invalid answer"
            ),
            ("404 Not Found", "[]", "", 69, "known-hosts JOB"),
            ("503 Service Unavailable", "[]", "", 75, "cannot answer now"),
        ] as [(String, String, String, Int32, String)])
    func allBuildersGetTheirLinesWhereSomebodyVouchesForThem(
        answer: String, suffixes: String, user: String, status: Int32, sentence: String
    ) async throws {
        let world = try await SharedWorld.get()
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/"
        try await ScriptedService.serving(in: world) { request in
            guard request.contains("/v1/host-authority") else {
                return ScriptedService.key(request, name: "alice")
            }
            return ScriptedService.answer(
                answer, "application/json",
                #"{"key": "\#(key)", "suffixes": \#(suffixes), "user": "\#(user)", "status": 404, "title": ""}"#
            )
        } _: {
            for (verb, lines) in [
                ("known-hosts", ["@cert-authority job-*.\(World.publicHost) \(key) builders\n"]),
                ("ssh-config", ["Host job-*.\(World.publicHost) !", "\n    User build\n"]),
            ] {
                let answered = try await Command.run(world.ssh([verb], to: .orphaned))
                await expect(
                    answered, status: status, output: status == 0 ? lines : [],
                    errors: sentence.isEmpty ? [] : [sentence], in: world)
                #expect(status == 0 || answered.output.isEmpty, "\(answered)")
            }
        }
    }

    // MARK: The builder's time

    @Test func aBuildersTimeIsExtendedAsFarAsItGoes() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.freshWreck(world)
        let before = try #require(try await view(job, in: world).deadline)
        let extended = try await Command.run(world.ssh(["extend", job, "10m"]))
        await expect(extended, status: 0, output: ["The builder of job \(job) ends"], in: world)
        let after = try await view(job, in: world)
        let added = try #require(after.deadline).timeIntervalSince(before)
        #expect(abs(added - 600) <= 1, "\(added)")
        let tooFar = try await Command.run(world.ssh(["extend", job, "60d"]))
        await expect(tooFar, status: 64, errors: ["at the latest", "extend \(job) --max"], in: world)
        let most = try await Command.run(world.ssh(["extend", job, "--max", "--json"]))
        await expect(most, status: 0, in: world)
        #expect(try decode(View.self, most).deadline == after.maxDeadline)
        for words in ["0m", "-5m", "soon", "5"] {
            let refused = try await Command.run(world.ssh(["extend", job, words]))
            await expect(refused, status: 64, in: world)
        }
        try await world.endBuilder(of: job)
        let over = try await Command.run(world.ssh(["extend", job]))
        await expect(over, status: 69, errors: ["The builder of job \(job) is gone."], in: world)
    }

    /// `cat` is a person's shell here; its end of input is a logout.
    @Test func aHeldBuilderOutlivesTheLastLogoutAndARelease() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.freshWreck(world)
        let held = try await Command.run(world.ssh(["hold", job]))
        await expect(held, status: 0, output: ["stays after the last logout"], in: world)
        let shell = try await Command.run(world.ssh(["connect", job]), input: Array("exit 4\n".utf8))
        await expect(shell, status: 4, in: world)
        #expect(try await view(job, in: world).builder?.state == "kept")

        let undecided = try await Command.run(world.ssh(["release", job]))
        await expect(
            undecided, status: 1,
            errors: ["End the builder of job \(job) now? [yes/no]", "The builder stays."],
            in: world)
        let decided = try await Command.run(world.ssh(["release", job]), input: Array("yes\n".utf8))
        await expect(decided, status: 0, output: ["The builder of job \(job) ends now."], in: world)
        try await expectNoBuilder(of: job, in: world)
        #expect(try await view(job, in: world).builderEnd == "released")
        let again = try await Command.run(world.ssh(["release", job, "--yes"]))
        await expect(again, status: 69, errors: ["is gone"], in: world)
    }

    @Test func unholdLetsTheLastLogoutEndIt() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.freshWreck(world)
        for verb in ["hold", "unhold"] {
            await expect(try await Command.run(world.ssh([verb, job])), status: 0, in: world)
        }
        #expect(try await !view(job, in: world).held)
        let shell = try await Command.run(world.ssh(["connect", job]), input: Array("exit\n".utf8))
        await expect(shell, status: 0, in: world)
        try await expectNoBuilder(of: job, in: world)
    }

    // MARK: Other people

    @Test func aJobIsSharedAndNoLonger() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.freshWreck(world)
        let enter = ["connect", job, "echo inside; cat"]
        let before = try await Command.run(world.ssh(enter, as: "bob"))
        await expect(before, status: 77, errors: ["belongs to alice"], in: world)
        let nobody = try await Command.run(world.ssh(["share", job, "nobody-here"]))
        await expect(nobody, status: 65, in: world)
        let shared = try await Command.run(world.ssh(["share", job, "bob"]))
        await expect(shared, status: 0, output: ["bob can enter job \(job) now"], in: world)
        #expect(try await view(job, in: world).shares == ["bob"])
        let session = try await Command.start(world.ssh(enter, as: "bob")) { command in
            try await command.output.wait(for: "inside")
            let others = try await Command.run(world.ssh(["extend", job], as: "bob"))
            await expect(others, status: 77, errors: ["Only its owner can do that."], in: world)
            let unshared = try await Command.run(world.ssh(["unshare", job, "bob"]))
            await expect(unshared, status: 0, output: ["bob can no longer enter job \(job)."], in: world)
        }
        await expect(session, status: 77, errors: ["you can no longer enter job \(job)."], in: world)
        try await world.endBuilder(of: job)
    }

    // MARK: Jobs

    @Test func aSubmittedJobIsFollowedAndItsEndIsOurs() async throws {
        let world = try await SharedWorld.get()
        let words = ["submit", "--follow", "--private", "--note", "a", "wrong", "answer"]
        let failed = try await Command.run(
            world.ssh(words), input: Array(Self.failing.utf8), deadline: .seconds(120))
        await expect(
            failed, status: 1, output: ["[check] checked"],
            errors: ["is submitted", "To enter the machine: ssh -t", "connect "], in: world)
        let job = String(failed.errorText.drop { !$0.isNumber }.prefix { $0.isNumber })
        let shown = try await view(job, in: world)
        #expect(shown.note == "a wrong answer" && shown.visibility == "private")
        let hidden = try await Command.run(world.ssh(["show", job], as: "bob"))
        await expect(hidden, status: 66, errors: ["There is no job \(job)."], in: world)
        try await world.endBuilder(of: job)

        let passing = try await Command.run(
            world.ssh(["submit", "--follow"]), input: Array("image: debian\ntasks:\n  - a: exit 0\n".utf8),
            deadline: .seconds(120))
        await expect(passing, status: 0, in: world)
        #expect(!passing.errorText.contains("To enter the machine"), "\(passing)")
    }

    @Test(arguments: [
        ("", "There is no manifest"), ("image: debian\ntasks:\n  - Wrong Name: x\n", "line 3"),
        ("\u{0}\u{1}", ""),
    ])
    func aManifestThatIsNoneIsRefusedWithItsPlace(manifest: String, sentence: String) async throws {
        try await refuse(manifest, sentence)
    }

    @Test func aManifestOfMoreThanAMegabyteIsRefused() async throws {
        try await refuse(String(repeating: "#", count: 1_100_000), "is larger than 1 MB")
    }

    private func refuse(_ manifest: String, _ sentence: String) async throws {
        let world = try await SharedWorld.get()
        let refused = try await Command.run(world.ssh(["submit"]), input: Array(manifest.utf8))
        await expect(refused, status: 65, errors: [sentence], in: world)
        #expect(refused.output.isEmpty)
    }

    @Test func aRunningJobIsCancelled() async throws {
        let world = try await SharedWorld.get()
        let submitted = try await Command.run(
            world.ssh(["submit", "--json"]), input: Array("image: debian\ntasks:\n  - a: sleep 600\n".utf8))
        await expect(submitted, status: 0, in: world)
        let job = try decode(View.self, submitted).id
        let early = try await Command.run(world.ssh(["extend", job]))
        #expect([69, 75].contains(early.status), "\(early)")
        let cancelled = try await Command.run(world.ssh(["cancel", job]))
        await expect(cancelled, status: 0, output: ["Job \(job) is cancelled."], in: world)
        let again = try await Command.run(world.ssh(["cancel", job]))
        await expect(again, status: 69, errors: ["has ended already"], in: world)
    }

    // MARK: Keys

    @Test func aPersonsKeysAreTheirs() async throws {
        let world = try await SharedWorld.get()
        try await world.makeKey("second", ["-t", "ed25519", "-C", "at home"])
        let file = try await Command.run(["cat", "\(world.client)/second.pub"]).output
        let fingerprint = try await Command.run(["ssh-keygen", "-l", "-f", "\(world.client)/second.pub"])
            .text.split(separator: " ")[1]
        let secret = try await Command.run(["cat", "\(world.client)/second"]).output
        let pasted = try await Command.run(world.ssh(["keys", "add"], as: "bob"), input: secret)
        await expect(pasted, status: 65, errors: ["This is a private key"], in: world)
        let added = try await Command.run(world.ssh(["keys", "add"], as: "bob"), input: file)
        await expect(added, status: 0, output: ["The key \(fingerprint) is yours now."], in: world)
        let taken = try await Command.run(world.ssh(["keys", "add"]), input: file)
        await expect(taken, status: 69, errors: ["already someone else's"], in: world)
        let listed = try await Command.run(world.ssh(["keys"], as: "bob"))
        await expect(listed, status: 0, output: ["  \(fingerprint) at home", "* SHA256:"], in: world)
        let others = try await Command.run(world.ssh(["keys", "remove", String(fingerprint)]))
        await expect(others, status: 65, errors: ["You have no key with this fingerprint."], in: world)
        let removed = try await Command.run(world.ssh(["keys", "remove", String(fingerprint)], as: "bob"))
        await expect(removed, status: 0, errors: ["The key is removed."], in: world)
        let left = try await Command.run(world.ssh(["keys", "--json"], as: "bob"))
        await expect(left, status: 0, in: world)
        #expect(!left.text.contains(fingerprint))
    }
}
