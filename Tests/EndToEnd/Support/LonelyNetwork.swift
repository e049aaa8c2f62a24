import TestBed

/// A network namespace from which nothing can be reached but the SSH server of the gateway, at the other end of a wire.
struct LonelyNetwork: Sendable {
    let testBed: TestBed
    /// Whose SSH server can be reached.
    let server: Gateway
    private let folder: String

    /// The gateway, as the machine sees it, and the machine, as the gateway does.
    static let gateway = "10.77.0.1"
    static let machine = "10.77.0.2"

    /// Starts a program there. What resolves names finds the gateway at its end of the wire.
    var place: [String] {
        [
            "nsenter", "--net=\(folder)/machine", "unshare", "--mount", "sh", "-ec",
            "hosts=$1; shift; mount --bind \"$hosts\" /etc/hosts; exec \"$@\"", "sh", "\(folder)/hosts",
        ]
    }

    static func with(
        _ testBed: TestBed, to server: Gateway = .builds,
        _ body: @Sendable (LonelyNetwork) async throws -> Void
    ) async throws {
        let network = LonelyNetwork(testBed: testBed, server: server, folder: "\(testBed.folder)/lonely")
        do {
            try await network.begin()
            try await body(network)
        } catch {
            try? await network.end()
            throw error
        }
        try await network.end()
    }

    /// Pulls the plug, or puts it in again.
    func setLink(up: Bool) async throws {
        try await shell("nsenter --net=machine ip link set wire \(up ? "up" : "down")")
    }

    /// What can be reached from there: each line has an address, a port, and what is first said there.
    func reach(_ destinations: [(address: String, port: UInt16)]) async throws -> String {
        let places = destinations.map { "\($0.address) \($0.port)" }.joined(separator: "\n")
        return try await shell(
            """
            while read -r address port; do
                echo "$address $(nsenter --net=machine timeout 3 bash -c 'exec 3<>/dev/tcp/$0/$1; head -c 7 <&3' "$address" "$port" \\
                    2>/dev/null || echo nothing)"
            done <<'END'
            \(places)
            END
            """
        ).text
    }

    /// Another SSH server of the gateway, which listens on that wire alone.
    private func begin() async throws {
        try await testBed.succeed(["mkdir", folder])
        try await shell(
            """
            for space in gateway machine; do
                : >$space
                unshare --net=$space true
                nsenter --net=$space ip link set lo up
            done
            nsenter --net=gateway ip link add wire type veth peer name wire netns "$PWD/machine"
            nsenter --net=gateway ip address add \(Self.gateway)/30 dev wire
            nsenter --net=machine ip address add \(Self.machine)/30 dev wire
            for space in gateway machine; do nsenter --net=$space ip link set wire up; done
            { grep -v -F '\(TestBed.publicHost)' /etc/hosts; echo '\(Self.gateway) \(TestBed.publicHost)'; } >hosts
            sshd=$(pgrep -of '/\(server.rawValue)-[0-9]*/sshd_config')
            configuration=$(tr '\\0' '\\n' <"/proc/$sshd/cmdline" | grep -o '/[^ ]*/sshd_config' | head -n 1)
            nsenter --net=gateway nsenter --target "$sshd" --mount \\
                /usr/sbin/sshd -D -e -f "$configuration" -o ListenAddress=\(Self.gateway) </dev/null >>log 2>&1 &
            echo $! >pid
            until nsenter --net=machine bash -c ': </dev/tcp/\(Self.gateway)/\(testBed.port(of: server))' 2>/dev/null; do
                kill -0 $!
                sleep 0.05
            done
            """)
    }

    private func end() async throws {
        try await testBed.endServer(in: folder)
        try await shell("umount gateway machine; rm -rf \"$PWD\"")
    }

    @discardableResult private func shell(_ script: String) async throws -> Finished {
        try await testBed.succeed(["/bin/bash", "-ec", "cd \"$0\"\n\(script)", folder])
    }
}

extension TestBed {
    /// Runs a command that has to succeed as root inside the test bed.
    @discardableResult func succeed(_ arguments: [String], deadline: Int = 30) async throws -> Finished {
        let finished = try await run(arguments, deadline: deadline)
        guard finished.status == 0 else { throw TestBedError("a command failed", log: "\(finished)") }
        return finished
    }
}
