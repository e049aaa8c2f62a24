import TestBed
import Testing

/// How long builders live, with clocks that run.
@Suite struct LifetimesTests {
    /// Someone is inside, and sends heartbeats; a login to the builder is open, and so is one of a client that came
    /// through the gateway. All end with the deadline, and the client says why.
    @Test func aBuilderEndsAtItsDeadlineEvenIfSomeoneIsInside() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(
            testBed, size: "40m", life: 12, at: testBed.orphanedSocket, more: "finished_per_owner = 1"
        ) {
            runner in
            let submitted = try await runner.submit("image: debian\ntasks:\n  - check: exit 1\n")
            await expect(submitted, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let session = try await testBed.run(
                [
                    "/bin/bash", "-euc",
                    """
                    ask() { curl -q -s -f -m 10 --unix-socket "$1" -X "$2" "http://localhost/v1/$3" "${@:4}"; }
                    key=$(cut -d' ' -f1,2 "$3/alice.pub")
                    fingerprint=$(ssh-keygen -lf "$3/alice.pub" | cut -d' ' -f2)
                    claim=$(ask "$1" POST jobs/1/claims -H 'Content-Type: application/json' -d '{
                        "session": "s", "kind": "shell", "person": {"id": "1"}, "from": "::1",
                        "key": "'"$key"'", "key_fingerprint": "'"$fingerprint"'"}')
                    begun=$SECONDS
                    id=$(sed -E 's/.*"id":"([^"]+)".*/\\1/' <<<"$claim")
                    nsenter --net --target "$(head -n 1 "$2/machines/1/pidfile")" \
                        ssh -F none -i "$2/identity" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
                        -p \(BuilderNetwork.port) build@127.0.0.1 'echo inside; exec sleep 1000' &
                    login=$!
                    gateway="ssh -F $3/ssh_config orphaned"
                    $gateway known-hosts --bare 1 >"$2/known_hosts"
                    ssh -F none -i "$3/alice" -o UserKnownHostsFile="$2/known_hosts" \
                        -o StrictHostKeyChecking=yes -o ProxyCommand="$gateway proxy %h" \
                        build@job-1 'echo carried; exec sleep 1000' 2>"$2/said" &
                    client=$!
                    while ask "$1" POST "claims/$id/heartbeat" >/dev/null; do sleep 0.5; done
                    echo "ended after $((SECONDS - begun)) s"
                    wait $login && exit 1
                    wait $client && exit 1
                    cat "$2/said"
                    ask "$1" GET jobs/1
                    """, "bash", runner.socket, runner.state, testBed.client,
                ], deadline: 60)
            await expect(
                session, status: 0,
                output: [
                    "inside", "carried", "sallyport: The builder of job 1 has ended: its time was up.",
                    #""builder_end":{"reason":"deadline"}"#,
                ], in: testBed)
            let seconds = session.text.split(separator: "ended after ").last.flatMap {
                Int($0.prefix { $0.isNumber })
            }
            #expect((11...17).contains(try #require(seconds)), "\(session)")
            try await runner.waitUntilNoBuilder(seconds: 10)
            // One finished job is all that its owner can have here.
            let followed = try await Command.run(
                testBed.ssh(["submit", "--keep", "never", "--follow"], to: .orphaned),
                input: Array("image: debian\ntasks:\n  - check: exit 1\n".utf8), deadline: .seconds(60))
            await expect(
                followed, status: 1,
                errors: ["To make room, your oldest finished job was removed with its logs: 1."], in: testBed)
            let refused = try await Command.run(testBed.ssh(["connect", "2", "true"], to: .orphaned))
            await expect(
                refused, status: 69,
                errors: ["and its builder is gone: the job was to keep no machine."], in: testBed)
        }
    }

    /// A person with whom a job is no longer shared is out within a heartbeat; the builder stays for its owner.
    @Test func aSessionEndsWhenItsJobIsNoLongerShared() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        @Sendable func share(_ method: String) async throws {
            let answer = try await testBed.run([
                "curl", "-q", "-s", "-f", "-m", "10", "--unix-socket", "\(testBed.folder)/run/api.sock", "-X",
                method,
                "http://localhost/v1/jobs/\(job)/shares/bob",
            ])
            await expect(answer, status: 0, in: testBed)
        }
        try await share("PUT")
        let words = testBed.ssh(["connect", job, "echo ready; exec sleep 1000"], as: "bob")
        let finished = try await Command.start(words, deadline: .seconds(60)) { client in
            try await client.output.wait(for: "ready")
            try await share("DELETE")
            await client.output.waitForEnd()
        }
        await expect(
            finished, status: 77,
            errors: ["This session has ended: job \(job) is no longer open to you."], in: testBed)
        try await expectNoSession(of: job, in: testBed)
        let late = try await Command.run(testBed.ssh(["connect", job, "true"], as: "bob"))
        await expect(late, status: 77, in: testBed)
        await expect(try await Command.run(testBed.ssh(["connect", job, "true"])), status: 0, in: testBed)
    }
}
