import TestBed
import Testing

/// VS Code's Remote-SSH.
struct Editor: Sendable {
    let person: Person
    /// The machine, as ssh knows it.
    let host: String

    private var name: String { String(host.split(separator: "@").last ?? "") }

    /// The editor pipes a script into bash, which installs a server on the builder's loopback and says where it listens.
    func install() async throws {
        let port = try TestBed.freePort()
        let finished = try await person.start(
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
            let served = try await person.run([
                "curl", "--silent", "--show-error", "--max-time", "20", "--socks5", "127.0.0.1:\(port)",
                "http://127.0.0.1:\(remote)/",
            ])
            // Another connection, as for another window: it must reach the same machine.
            let second = try await person.run(
                ["ssh", "-v", "-T", "-o", "ConnectTimeout=15", host, "bash"],
                input: Array("echo of $(cat /proc/sys/kernel/random/boot_id); exit 3\n".utf8))
            await expect(second, status: 3, in: person.testBed)
            await expect(served, status: 0, in: person.testBed)
            #expect(served.text == second.text && served.text.hasPrefix("of "), "\(served)\n\(second)")
            try await editor.write("kill $server; rm -r \"$PWD\"; exit 6\n")
        }
        await expect(
            finished, status: 6, errors: ["Authenticated to \(name) (via proxy)"], in: person.testBed)
        #expect(finished.text.hasPrefix("listeningOn=="), "\(finished)")
    }

    private static func port(in bytes: [UInt8]) -> String? {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "==")
        return parts.count > 2 ? String(parts[1]) : nil
    }
}
