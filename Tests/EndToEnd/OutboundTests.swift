import TestBed
import Testing

/// `network = "outbound"`: what a builder reaches then, tried from inside, and what it does not.
@Suite struct OutboundTests {
    private static let configuration = """
        outbound_deny = \(Internet.deny)
        outbound_connections = 4
        outbound_bytes = 3000000
        [runner.image.debian-build]
        memory = 320
        network = "outbound"
        """

    @Test func aBuilderReachesTheInternetAndNothingElse() async throws {
        let testBed = try await SharedTestBed.get()
        try await Internet.with(testBed) { internet in
            try await OwnRunner.with(
                testBed, size: "80m", prefix: internet.prefix, more: Self.configuration
            ) { runner in
                // The silence below is not that of a server which is not there.
                for address in [
                    "45.33.32.1", "192.168.7.2", "10.1.1.1", "169.254.169.254", "168.63.129.16",
                    "2001:470::2",
                ] + Internet.denied.map(\.0) {
                    #expect(try await internet.answersTheHost(address), "\(address)")
                }
                #expect(try await internet.answersTheHost(Internet.website, port: 25))
                try await tryEach(runner)
                try await withoutItsRulesThereIsNoBuilder(runner)
            }
        }
    }

    private func tryEach(_ runner: OwnRunner) async throws {
        let forbidden = Internet.forbidden + Internet.denied
        let addresses = [Internet.website, "name.example"] + forbidden.map(\.0)
        let submitted = try await runner.submit(
            """
            image: debian-build
            tasks:
              - reach: |
                  set +x
                  \(Internet.reach.replacing("\n", with: "\n      "))
                  for address in \(addresses.joined(separator: " ")); do echo "$address $(reach $address)"; done
                  sudo ip address add 2001:470::3/64 dev eth0
                  sudo ip route add default via fe80::2 dev eth0
                  for address in 2001:470::1 2001:470::2; do echo "$address $(reach $address)"; done
                  echo "mail $(reach \(Internet.website) 25)"
                  for number in $(seq 12); do exec {socket}<>/dev/tcp/\(Internet.website)/80 && echo connected; done
                  exec 3<>/dev/tcp/\(Internet.website)/80 && printf 'GET /large HTTP/1.0\\r\\n\\r\\n' >&3
                  echo "large $(timeout 10 cat <&3 | wc -c)"
                  for address in \(Internet.website) name.example; do echo "then $address $(reach $address)"; done
                  echo "memory $(free -m | sed -n 's/^Mem: *\\([0-9]*\\).*/\\1/p')"

            """)
        await expect(submitted, status: 0, output: ["job 1"], in: runner.testBed)
        try await whatReadsItsPacketsSeesNothing(runner)
        try await runner.wait(for: "Z success", in: "logs/1/log", seconds: 150)
        let lines = try await runner.log("1", "reach").split(separator: "\n").map(String.init)
        #expect(lines.contains("\(Internet.website) open"), "\(lines)")
        #expect(lines.contains("name.example open"), "\(lines)")
        for (address, reason) in forbidden {
            #expect(lines.contains("\(address) closed"), "\(reason): \(lines)")
        }
        for address in ["2001:470::1", "2001:470::2"] {
            #expect(lines.contains("\(address) closed"), "\(lines)")
        }
        #expect(lines.contains("mail closed"), "\(lines)")
        // More than four in a second wait, and are not refused.
        #expect(lines.count { $0 == "connected" } == 12, "\(lines)")
        let large = lines.first { $0.hasPrefix("large ") }.flatMap { Int($0.dropFirst("large ".count)) }
        #expect((2_000_000..<3_000_000).contains(large ?? 0), "\(lines)")
        // Nothing any more, but SSH: these lines have arrived.
        #expect(lines.contains("then \(Internet.website) closed"), "\(lines)")
        #expect(lines.contains("then name.example closed"), "\(lines)")
        let memory = lines.last.flatMap { Int($0.dropFirst("memory ".count)) }
        #expect((250...320).contains(memory ?? 0), "\(lines)")
        try await runner.waitUntilNoBuilder(seconds: 20)
        try await runner.waitUntilNone("slirp4netns")
        try await runner.wait(
            forReport:
                "job 1: network: 1[0-9] connections, [0-9]* bytes sent, 2[0-9]* bytes received, [0-9]* attempts\\? "
                + "above the limit")
    }

    /// The root of slirp4netns, once it has its filter of system calls. Here /run has no part that it needs.
    private func whatReadsItsPacketsSeesNothing(_ runner: OwnRunner) async throws {
        let seen = try await runner.testBed.run(
            [
                "/bin/sh", "-ec",
                """
                pid=
                until [ -n "$pid" ]; do
                    for one in $(pgrep -x slirp4netns); do
                        ! grep -q '^Seccomp:.2' /proc/$one/status || pid=$one
                    done
                    sleep 0.1
                done
                [ -n "$(ls -A /run)" ] || echo "/run is empty for everyone"
                echo root: $(ls -A /proc/$pid/root)
                echo run: $(ls -A /proc/$pid/root/run)
                """,
            ], deadline: 30)
        await expect(seen, status: 0, in: runner.testBed)
        #expect(seen.text == "root: etc run\nrun:\n", "\(seen)")
    }

    private func withoutItsRulesThereIsNoBuilder(_ runner: OwnRunner) async throws {
        try await runner.replaceProgram("/usr/sbin/nft", with: "/bin/false")
        await expect(
            try await runner.submit("image: debian-build\ntasks:\n  - a: echo reached\n"), status: 0,
            in: runner.testBed)
        try await runner.wait(
            for: "the rules that restrict the builder.s network cannot be set", in: "logs/2/log")
        let log = try await runner.log("2")
        #expect(log.contains("Z failed"), "\(log)")
        #expect(try await !runner.hasBuilder)
        try await runner.waitUntilNone("slirp4netns")
    }
}
