import Foundation
import TestBed

/// A master and a worker of Buildbot in a person's account, on loopback. One build begins as soon as both are there.
struct Buildbot: Sendable {
    let person: Person
    private let folder: String

    private var testBed: TestBed { person.testBed }

    /// The address of the build's page, as Buildbot says it.
    var page: String { "https://\(folder.split(separator: "/").last ?? "").example/#/builders/1/builds/1" }
    /// Where the build's steps run.
    var workspace: String { "\(folder)/worker/parser/build" }

    /// Starts them, and ends them after `body`.
    ///
    /// - Parameters:
    ///   - block: of docs/attach/buildbot.md, which adds the step `check`.
    ///   - secret: what the secret of this name in the master's folder holds; nil: it has none.
    ///   - property: the build's property `sallyport`.
    static func with(
        _ block: String, secret: CISecret?, property: String = "1", gatewayPort: UInt16? = nil,
        of person: Person, _ body: @Sendable (Buildbot) async throws -> Void
    ) async throws {
        let testBed = person.testBed
        let folder = "\(person.home)/buildbot-\(UInt32.random(in: 0 ... .max))"
        let made = try await testBed.run([
            "sh", "-ec",
            """
            mkdir -p "$1/secrets" "$1/packages"
            tar xzf "$2" -C "$1"
            printf '%s\\n' "$3" >"$1/secrets/sallyport-attach-key"
            chmod 600 "$1"/secrets/*
            chown -R "$4:$4" "$1"
            """, "sh", folder, "\(AttachFiles.folder)/\(AttachFiles.archive)", secret?.key ?? "", person.name,
        ])
        guard made.status == 0 else { throw TestBedError("no folder was made", log: "\(made)") }
        let step = try await own(block, folder: folder, gatewayPort: gatewayPort, in: testBed)
        let configuration = try configuration(step, folder: folder, property: property)
        let written = try await testBed.run(["tee", "\(folder)/master.cfg"], input: configuration)
        guard written.status == 0 else { throw TestBedError("nothing was written", log: "\(written)") }
        let finished = try await Command.start(
            testBed.inside(
                ["bash", "-euc", script, "bash", folder], as: person.name, prefix: packages(folder)),
            deadline: .seconds(180)
        ) { running in
            try await running.output.wait(for: "ready\n")
            let buildbot = Buildbot(person: person, folder: folder)
            do {
                try await body(buildbot)
            } catch {
                throw TestBedError(
                    "\(error)", log: "The step's log:\n\((try? await buildbot.log(of: "check")) ?? "")")
            }
            try await running.finishInput()
        }
        guard finished.status == 0 else { throw TestBedError("Buildbot has failed", log: "\(finished)") }
        _ = try await testBed.run(["rm", "-rf", folder])
    }

    /// The packages where the person can read them, and terminals as CIs have them.
    private static func packages(_ folder: String) -> [String] {
        [
            "unshare", "--mount", "sh", "-ec",
            """
            mount --bind "$1"/lib/python3*/site-packages "$2"
            mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts
            mount --bind /dev/pts/ptmx /dev/ptmx
            shift 2
            exec "$@"
            """, "sh", "\(Repository.root)/.build/buildbot", "\(folder)/packages",
        ]
    }

    private static let script = """
        cd "$1"
        export PYTHONPATH="$1/packages"
        buildbot() { /usr/bin/python3 -c 'from buildbot.scripts.runner import run; run()' "$@"; }
        worker() { /usr/bin/python3 -c 'from buildbot_worker.scripts.runner import run; run()' "$@"; }
        buildbot create-master -q master >&2
        mv master.cfg master
        worker create-worker -q worker 127.0.0.1:$(cat port) parser secret >&2
        buildbot start --nodaemon master >master.log 2>&1 & master=$!
        until grep -q 'BuildMaster is running' master/twistd.log 2>/dev/null; do
            kill -0 $master || { cat master/twistd.log; exit 1; }
            sleep 0.1
        done
        worker start --nodaemon worker >worker.log 2>&1 & worker=$!
        echo ready
        cat >/dev/null
        pkill -P $worker; kill $worker || :
        pkill -P $master; kill $master || :
        wait
        """

    private static func configuration(_ step: String, folder: String, property: String) throws -> String {
        let name = folder.split(separator: "/").last ?? ""
        return """

            from buildbot.plugins import schedulers, util, worker
            c = BuildmasterConfig = {
                "buildbotURL": "https://\(name).example/",
                "buildbotNetUsageData": None,
                "logCompressionMethod": "raw",
                "protocols": {"pb": {"port": "tcp:" + open("\(folder)/port").read().strip() + ":interface=127.0.0.1"}},
                "workers": [worker.Worker("parser", "secret")],
            }
            factory = util.BuildFactory()
            \(step)
            factory.addStep(steps.ShellCommand(name="after", command="echo the build goes on"))
            c["builders"] = [util.BuilderConfig(name="parser", workernames=["parser"], factory=factory)]
            c["schedulers"] = [schedulers.Periodic(
                name="now", builderNames=["parser"], periodicBuildTimer=86400, properties={"sallyport": "\(property)"})]

            """
    }

    /// The page's lines with this test bed's gateway, and a Makefile to check something with.
    private static func own(
        _ block: String, folder: String, gatewayPort: UInt16?, in testBed: TestBed
    ) async throws -> String {
        let port = gatewayPort ?? testBed.port(of: .builds)
        let hostKey = try await CISecret.hostKey(in: testBed)
        let made = try await testBed.run(
            ["tee", "\(folder)/port"], input: "\(try TestBed.freePort())")
        guard made.status == 0 else { throw TestBedError("no port was written", log: "\(made)") }
        let source = #"printf 'check:\n\t@echo checking; echo 7 parts >result.txt; exit 3\n' >Makefile"#
        return """
            from buildbot.plugins import steps
            factory.addStep(steps.ShellCommand(name="source", command=r\"\"\"\(source)\"\"\"))
            \(block)
            """
            .replacing("/opt/", with: "\(folder)/")
            .replacing("/etc/buildbot/secrets", with: "\(folder)/secrets")
            .replacing("builds@gateway.example.org", with: "builds@\(TestBed.publicHost) --port \(port)")
            .replacing(#/ssh-ed25519 AAAA[A-Za-z0-9+\/=]*/#, with: hostKey)
    }

    /// The job that the build's step has made, as soon as there is one.
    func job() async throws -> String {
        try await wait("no job has that note") {
            let list = try await Command.run(testBed.ssh(["list", "--json"], as: person.name))
            struct Jobs: Decodable {
                struct Job: Decodable {
                    let id: String
                    let note: String?
                }
                let jobs: [Job]
            }
            return try JSONDecoder().decode(Jobs.self, from: Data(list.output)).jobs.first {
                $0.note == page
            }?.id
        }
    }

    /// The code that the build's step has printed, as soon as it has: the last one, since a lost connection makes a new one.
    func pairingCode() async throws -> String {
        try await wait("no code was printed") {
            try await log(of: "check").matches(of: #/ adopt ([A-Za-z0-9]+-[A-Za-z0-9]+)/#).last
                .map { String($0.1) }
        }
    }

    /// A step that has ended.
    struct Step: Sendable {
        /// 0: success; 2: failure.
        let result: Int
        let seconds: Int
        let log: String
    }

    /// The steps of the build, by name, when it has ended.
    func steps() async throws -> (result: Int, steps: [String: Step]) {
        let result = try await wait("the build has not ended") {
            Int(try await query("SELECT results FROM builds WHERE complete_at IS NOT NULL"))
        }
        var steps: [String: Step] = [:]
        let rows = try await query("SELECT name, results, complete_at - started_at FROM steps")
        for row in rows.split(separator: "\n") {
            let cells = row.split(separator: "|").map(String.init)
            guard cells.count == 3, let result = Int(cells[1]), let seconds = Int(cells[2]) else { continue }
            steps[cells[0]] = Step(result: result, seconds: seconds, log: try await log(of: cells[0]))
        }
        return (result, steps)
    }

    private func log(of step: String) async throws -> String {
        try await query(
            """
            SELECT content FROM logchunks JOIN logs ON logs.id = logchunks.logid JOIN steps ON steps.id = logs.stepid
            WHERE steps.name = '\(step)' ORDER BY logchunks.first_line
            """)
    }

    /// The rows of the master's database, with | between cells. It is asked as the person: files that SQLite makes beside it, if
    /// they were root's, would keep the master from writing.
    private func query(_ words: String) async throws -> String {
        let script = """
            import sqlite3, sys
            rows = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=10).execute(sys.argv[2])
            text = lambda cell: cell.decode() if isinstance(cell, bytes) else str(cell)
            for row in rows: print("|".join(map(text, row)))
            """
        let answer = try await Command.run(
            testBed.inside(
                ["/usr/bin/python3", "-c", script, "\(folder)/master/state.sqlite", words], as: person.name))
        guard answer.status == 0 else { throw TestBedError("the master's database", log: "\(answer)") }
        return answer.text.trimmed
    }

    private func wait<Value>(
        _ complaint: String, for value: () async throws -> Value?
    ) async throws -> Value {
        let start = ContinuousClock.now
        while start.duration(to: .now) < .seconds(60) {
            if let value = try await value() { return value }
            try await Task.sleep(for: .milliseconds(200))
        }
        let logs = try await testBed.run([
            "sh", "-c", "tail -n 20 \(folder)/master/twistd.log \(folder)/worker/twistd.log",
        ])
        throw TestBedError(complaint, log: "\(try await log(of: "check"))\n\(logs.text)")
    }
}
