import TestBed
import Testing

/// What VS Code's Remote-SSH does, step by step.
@Suite struct EditorTests {
    @Test func anEditorsServerIsReachedThroughItsSOCKSPort() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        try await install(job, alice, in: testBed)
    }

    /// The editor waits 15 seconds and does not know that there is anything to wait for. If builders boot for longer
    /// than that, the person is told, and tries again.
    @Test func aBuilderThatBootsIsWaitedFor() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person(in: testBed)
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let entered = try await alice.sh(
            """
            for attempt in $(seq 6); do
                if ssh -v -T -o ConnectTimeout=15 "$1" bash <<<'echo in'; then exit; else status=$?; fi
            done
            exit $status
            """, alice.builder(job), deadline: .seconds(100))
        await expect(
            entered, status: 0, errors: ["sallyport: The builder of job \(job) is booting."], in: testBed)
        #expect(entered.text == "in\n", "\(entered)")
        try await install(job, alice, in: testBed)
        try await testBed.endBuilder(of: job)
    }

    /// The editor pipes a script into bash, which installs a server on the builder's loopback and says where it listens.
    private func install(_ job: String, _ alice: Person, in testBed: TestBed) async throws {
        let port = try TestBed.freePort()
        let host = alice.builder(job)
        let finished = try await alice.start(
            ["ssh", "-v", "-T", "-D", "\(port)", "-o", "ConnectTimeout=15", host, "bash"]
        ) { editor in
            try await editor.write(
                """
                mkdir -p .vscode-server/$$ && cd .vscode-server/$$ && echo "of $(cat /proc/sys/kernel/random/boot_id)" >index.html
                for port in $(shuf -i 20000-29999 -n 5); do
                    busybox httpd -f -p 127.0.0.1:$port 2>/dev/null & server=$!
                    until busybox netstat -tln | grep -q "127.0.0.1:$port " || ! kill -0 $server; do sleep 0.1; done
                    kill -0 $server && break
                done
                echo "listeningOn==$port=="

                """)
            try await editor.output.wait(for: "listeningOn==") { Self.port(in: $0) != nil }
            let remote = try #require(Self.port(in: await editor.output.bytes))
            let served = try await alice.run([
                "curl", "--silent", "--show-error", "--max-time", "20", "--socks5", "127.0.0.1:\(port)",
                "http://127.0.0.1:\(remote)/",
            ])
            // Another connection, as for another window: it must reach the same machine.
            let second = try await alice.run(
                ["ssh", "-v", "-T", "-o", "ConnectTimeout=15", host, "bash"],
                input: Array("echo of $(cat /proc/sys/kernel/random/boot_id); exit 3\n".utf8))
            await expect(second, status: 3, in: testBed)
            await expect(served, status: 0, in: testBed)
            #expect(served.text == second.text && served.text.hasPrefix("of "), "\(served)\n\(second)")
            try await editor.write("kill $server; exit 6\n")
        }
        await expect(finished, status: 6, errors: ["Authenticated to \(host) (via proxy)"], in: testBed)
        #expect(finished.text.hasPrefix("listeningOn=="), "\(finished)")
    }

    private static func port(in bytes: [UInt8]) -> String? {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "==")
        return parts.count > 2 ? String(parts[1]) : nil
    }
}
