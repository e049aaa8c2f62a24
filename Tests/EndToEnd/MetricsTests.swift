import Foundation
import TestBed
import Testing

/// What Prometheus reads of a runner and of a gateway, as its own tool judges it.
@Suite struct MetricsTests {
    private static let promtool = Repository.root + "/.build/promtool/promtool"
    private static let documents = Repository.root + "/docs/metrics"

    // MARK: A runner

    /// Ends when the test wants it to.
    private static let waiting = """
        image: debian
        tasks:
          - wait: until [ -e /tmp/go ]; do sleep 0.1; done; exit 3

        """

    @Test func whileJobsRunTheRunnerShowsThem() async throws {
        let testBed = try await SharedTestBed.get()
        let port = try TestBed.freePort()
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket,
            more: "metrics = \"127.0.0.1:\(port)\""
        ) { runner in
            let before = try await scrape(port, in: testBed)
            let slots = try #require(before["sallyport_pool_slots{pool=\"local\"}"])
            #expect(before["sallyport_pool_free_slots{pool=\"local\"}"] == slots)
            #expect(before["sallyport_host_authority_usable"] == 1)
            await expect(try await runner.submit(Self.waiting), status: 0, in: testBed)
            try await runner.wait(for: "task wait: started", in: "logs/1/log")

            let inside = try await Command.start(
                testBed.ssh(["connect", "--now", "1", "echo inside; cat; touch /tmp/go"], to: .orphaned)
            ) { command in
                try await command.output.wait(for: "inside")
                let during = try await scrape(port, in: testBed)
                for (name, value) in [
                    ("sallyport_jobs{pool=\"local\",state=\"running\"}", 1.0),
                    ("sallyport_jobs{pool=\"local\",state=\"waiting\"}", 0),
                    ("sallyport_builders{pool=\"local\",state=\"ready\"}", 1),
                    ("sallyport_pool_free_slots{pool=\"local\"}", slots - 1),
                    ("sallyport_claims{kind=\"exec\"}", 1),
                    ("sallyport_sessions_started_total{kind=\"exec\"}", 1),
                    ("sallyport_jobs_submitted_total{pool=\"local\"}", 1),
                    ("sallyport_allocations{pool=\"local\",state=\"needed\"}", 1),
                    ("sallyport_allocation_duration_seconds_count{pool=\"local\",result=\"success\"}", 1),
                    ("sallyport_boot_duration_seconds_count{pool=\"local\",result=\"success\"}", 1),
                    ("sallyport_limit_highest_use{limit=\"sessions_per_person\",pool=\"\"}", 1),
                    (
                        "sallyport_http_requests_total{method=\"POST\",route=\"/v1/jobs\",status=\"201\"}", 1
                    ),
                ] { #expect(during[name] == value, "\(name): \(during[name] ?? .nan)") }
                #expect(during["sallyport_store_duration_seconds_count{operation=\"write\"}"] ?? 0 > 2)
                try await command.finishInput()
            }
            await expect(inside, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept until", in: "logs/1/log")
            let after = try await scrape(port, in: testBed)
            #expect(after["sallyport_jobs{pool=\"local\",state=\"kept\"}"] == 1)
            #expect(after["sallyport_jobs_ended_total{pool=\"local\",status=\"failed\"}"] == 1)
            #expect(after["sallyport_limit_highest_use{limit=\"kept_per_owner\",pool=\"\"}"] == 1)
            #expect(after["sallyport_claims{kind=\"exec\"}"] == 0)
            try await nothingElseIsThere(port, in: testBed)
        }
    }

    private func nothingElseIsThere(_ port: UInt16, in testBed: TestBed) async throws {
        for (path, options) in [("/", []), ("/v1/jobs", []), ("/metrics", ["-X", "POST"])] {
            let answer = try await testBed.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + options
                    + ["http://127.0.0.1:\(port)\(path)"])
            #expect(answer.text == "404", "\(path): \(answer)")
        }
    }

    /// The samples, by names with labels, after promtool has looked at them.
    private func scrape(_ port: UInt16, in testBed: TestBed) async throws -> [String: Double] {
        let answer = try await testBed.run(["curl", "-sS", "--fail", "http://127.0.0.1:\(port)/metrics"])
        await expect(answer, status: 0, in: testBed)
        return try await samples(answer, in: testBed)
    }

    private func samples(_ finished: Finished, in testBed: TestBed) async throws -> [String: Double] {
        let checked = try await Command.run([Self.promtool, "check", "metrics"], input: finished.output)
        #expect(checked.status == 0 && checked.errorText.isEmpty, "\(checked)")
        var samples: [String: Double] = [:]
        for line in finished.text.split(separator: "\n") where !line.hasPrefix("#") {
            let space = try #require(line.lastIndex(of: " "))
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return samples
    }

    // MARK: A gateway

    @Test func aGatewayCountsItsLoginsWhateverBecomesOfThem() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let before = try await gateway(testBed)
        for name in ["configuration_usable", "service_up", "service_knows_people"] {
            #expect(before["sallyport_gateway_\(name)"] == 1, "\(name)")
        }
        for file in ["logins", "lookups"] {
            #expect(before["sallyport_gateway_counters_readable{file=\"\(file)\"}"] == 1)
        }
        for key in ["host", "builder"] {
            #expect(before["sallyport_gateway_key_usable{key=\"\(key)\"}"] == 1)
        }

        try await withThrowingTaskGroup { group in
            for _ in 0..<6 { group.addTask { try await Command.run(testBed.ssh(["whoami"])).status } }
            for try await status in group { #expect(status == 0) }
        }
        let unknown = try await Command.run(testBed.ssh(["connect", "999999"]))
        await expect(unknown, status: 66, in: testBed)
        let orphaned = try await Command.run(testBed.ssh(["whoami"], to: .orphaned))
        await expect(orphaned, status: 75, in: testBed)
        // Its process is killed, and what was counted stays.
        let killed = try await Command.start(testBed.ssh(["connect", job, "echo inside; cat"])) { command in
            try await command.output.wait(for: "inside")
            let during = try await gateway(testBed)
            #expect(during["sallyport_gateway_commands{kind=\"person\"}"] ?? 0 >= 1)
            try await testBed.signalForcedCommands("KILL")
        }
        #expect(killed.status != 0, "\(killed)")
        try await expectNobodyOnTheGateway(in: testBed)

        let after = try await gateway(testBed)
        for (result, count) in [("let_in", 7.0), ("refused", 1), ("failed", 1)] {
            let name = "sallyport_gateway_logins_total{result=\"\(result)\"}"
            #expect((after[name] ?? 0) - (before[name] ?? 0) == count, "\(result)")
        }
        let entries = "sallyport_gateway_builder_entries_total"
        #expect((after[entries] ?? 0) - (before[entries] ?? 0) == 1)
        #expect(after["sallyport_gateway_commands{kind=\"person\"}"] == 0)
    }

    @Test func lookUpsOfKeysAreCountedApart() async throws {
        let testBed = try await SharedTestBed.get()
        let before = try await gateway(testBed)
        let known = try await Command.run(testBed.ssh(["whoami"], to: .choosy))
        await expect(known, status: 0, in: testBed)
        let unknown = try await Command.run(testBed.ssh(["whoami"], to: .choosy, as: "mallory"))
        await expect(unknown, status: 255, in: testBed)
        let after = try await gateway(testBed)
        // For the offer and for the signature; a key that is refused is not signed with.
        for (result, count) in [("known", 2.0), ("unknown", 1), ("failed", 0)] {
            let name = "sallyport_gateway_key_lookups_total{result=\"\(result)\"}"
            #expect((after[name] ?? 0) - (before[name] ?? 0) == count, "\(result)")
        }
        #expect(after["sallyport_gateway_cached_keys"] ?? 0 >= 2)
    }

    @Test func aMachineThatHasDialledIsCountedWhileItIsThere() async throws {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        let machine = AttachingMachine(in: testBed)
        let before = try await gateway(testBed)
        _ = try await machine.attach(["--", "false"]) { job, _ in
            let during = try await gateway(testBed)
            let machines = "sallyport_gateway_attached_machines"
            #expect(during[machines] == before[machines].map { $0 + 1 })
            // It can have a stream that waits for somebody, too.
            let commands = "sallyport_gateway_commands{kind=\"attaching\"}"
            #expect(during[commands] ?? 0 > before[commands] ?? 0)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        let after = try await gateway(testBed)
        #expect(after["sallyport_gateway_attached_machines"] == before["sallyport_gateway_attached_machines"])
    }

    /// As the collector finds it.
    @Test func theFileIsReplacedAsAWholeOrNotAtAll() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/collector"
        let sallyport = "\(Repository.programs)/sallyport"
        let made = try await testBed.run([
            "/bin/sh", "-euc",
            """
            umask 077
            mkdir \(folder)
            cd \(folder)
            echo old >gateway.prom
            # A build service that is away is something to show.
            sed 's,^url = .*,url = "unix:\(folder)/none",' /etc/sallyport/sallyport.toml >away.toml
            \(sallyport) metrics --config away.toml --output gateway.prom
            stat -c '%a %n' *.prom*
            grep '^sallyport_gateway_service_up{' gateway.prom | sed 's,{.*/,{,'
            # So is a configuration with a fault: nobody can log in.
            echo '[gatway]' >wrong.toml
            \(sallyport) metrics --config wrong.toml --output gateway.prom || echo "status $?"
            grep '^sallyport_gateway_configuration_usable{' gateway.prom | sed 's,{.*/,{,'
            cp gateway.prom before
            chmod g+w away.toml
            \(sallyport) metrics --config away.toml >/dev/null || echo "status $?"
            chmod g-w away.toml
            cmp before gateway.prom
            \(sallyport) metrics --config away.toml --output none/gateway.prom || echo "status $?"
            setpriv --reuid=nobody --clear-groups \(sallyport) metrics --config /dev/null || echo "status $?"
            """,
        ])
        await expect(
            made, status: 0,
            errors: ["wrong.toml", "away.toml", "none/gateway.prom.new cannot be written", "sudo sallyport"],
            in: testBed)
        #expect(
            made.text.split(separator: "\n") == [
                "644 gateway.prom", "sallyport_gateway_service_up{away.toml\"} 0", "status 78",
                "sallyport_gateway_configuration_usable{wrong.toml\"} 0", "status 78", "status 77",
                "status 77",
            ], "\(made)")
    }

    /// What `sallyport metrics` says where the gateways are.
    private func gateway(_ testBed: TestBed) async throws -> [String: Double] {
        let printed = try await testBed.onGateway(["\(Repository.programs)/sallyport", "metrics"])
        await expect(printed, status: 0, in: testBed)
        let label = "config=\"/etc/sallyport/sallyport.toml\""
        let samples = try await samples(printed, in: testBed)
        #expect(samples.keys.allSatisfy { $0.contains("{\(label)") })
        return Dictionary(
            uniqueKeysWithValues: samples.map { name, value in
                (name.replacing("{\(label)}", with: "").replacing("{\(label),", with: "{"), value)
            })
    }

    // MARK: Rules

    @Test(arguments: [
        ["check", "rules", "sallyport-alerts.yml"], ["test", "rules", "sallyport-alerts-test.yml"],
    ])
    func prometheusAcceptsTheAlertsAndTheirTests(words: [String]) async throws {
        let file = "\(Self.documents)/\(words[2])"
        let checked = try await Command.run([Self.promtool, words[0], words[1], file])
        #expect(checked.status == 0 && checked.text.contains("SUCCESS"), "\(checked)")
    }

    /// Each expression, as if it were a rule.
    @Test func prometheusUnderstandsTheDashboard() async throws {
        let text = try Data(contentsOf: URL(filePath: "\(Self.documents)/sallyport-dashboard.json"))
        let board = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        let expressions = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }
            .compactMap { $0["expr"] as? String }
        let rules = expressions.enumerated().map { number, expression in
            ["record": "rule\(number)", "expr": expression]
        }
        // JSON is YAML.
        let file = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID()).yml")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONSerialization.data(
            withJSONObject: ["groups": [["name": "dashboard", "rules": rules]]],
            options: .withoutEscapingSlashes
        )
        .write(to: file)
        let checked = try await Command.run([Self.promtool, "check", "rules", file.path])
        #expect(checked.status == 0 && checked.text.contains("\(rules.count) rules found"), "\(checked)")
    }
}
