import TestBed

/// A small internet: a network namespace that is the runner's host, and another one in which is all that a host can
/// reach. Every address of both has a web server, and the host has a name server on its loopback.
struct Internet: Sendable {
    let testBed: TestBed
    private let folder: String

    /// What is on the internet.
    static let website = "45.33.32.2"
    /// What a builder must not reach, with why.
    static let forbidden = [
        ("45.33.32.1", "a public address of the host"), ("192.168.7.1", "a private one"),
        ("127.0.0.1", "loopback"), ("10.0.2.2", "QEMU's name for loopback"),
        ("192.0.2.2", "slirp4netns's name for it"), ("192.0.2.3", "the name server's other ports"),
        ("192.0.2.100", "QEMU's host"), ("0.0.0.0", "whatever that is"),
        ("192.168.7.2", "private"), ("10.1.1.1", "private"), ("172.16.1.1", "private"),
        ("100.64.1.1", "the provider's"), ("169.254.169.254", "the cloud's metadata"),
        ("168.63.129.16", "Azure's"), ("169.254.7.7", "link-local"), ("198.18.1.1", "for benchmarks"),
        ("224.0.0.1", "multicast"),
    ]

    /// What a builder must not reach because the configuration says so.
    static let denied = [("45.33.32.66", "an address"), ("198.41.0.4", "of a network")]
    /// The value of `outbound_deny` for it.
    static let deny = #"["45.33.32.66", "198.41.0.0/24"]"#

    /// A function of bash that says whether an address, or a name, answers at port 80 or another one.
    static let reach = #"""
        reach() { timeout 3 bash -c 'exec 3<>/dev/tcp/$0/$1; printf "GET / HTTP/1.0\r\n\r\n" >&3; grep -q here <&3' $1 ${2:-80} \
            2>/dev/null && echo open || echo closed; }
        """#

    /// Answers every question for an address with that of the website.
    private static let nameServer = """
        import socket
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        while True:
            question, asker = server.recvfrom(512)
            end = question.index(0, 12) + 5
            answer = bytes([192, 12]) + question[end - 4:end] + bytes([0, 0, 0, 9, 0, 4, 45, 33, 32, 2])
            isAddress = question[end - 4:end] == bytes([0, 1, 0, 1])
            header = question[:2] + bytes([0x81, 0x80, 0, 1, 0, isAddress, 0, 0, 0, 0])
            server.sendto(header + question[12:end] + (answer if isAddress else b""), asker)
        """

    /// Starts a program as if on that host.
    var prefix: String { "nsenter --net=\(folder)/host \(folder)/as-host" }

    static func with(_ testBed: TestBed, _ body: @Sendable (Internet) async throws -> Void) async throws {
        let internet = Internet(testBed: testBed, folder: "\(testBed.folder)/internet")
        do {
            try await internet.begin()
            try await body(internet)
        } catch {
            try? await internet.end()
            throw error
        }
        try await internet.end()
    }

    /// Whether that address answers the host itself.
    func answersTheHost(_ address: String, port: Int = 80) async throws -> Bool {
        let asked = try await testBed.run([
            "nsenter", "--net=\(folder)/host", "bash", "-c", Self.reach + "; reach \(address) \(port)",
        ])
        return asked.text == "open\n"
    }

    private func begin() async throws {
        try await shell(
            """
            mkdir -p \(folder)/web
            cd \(folder)
            echo here >web/index.html
            head -c 8000000 /dev/zero >web/large
            echo 'nameserver 127.0.0.1' >resolv.conf
            printf '#!/bin/sh\\nexec unshare --mount sh -ec "mount --bind \(folder)/resolv.conf /etc/resolv.conf
                exec \\"\\$@\\"" sh "$@"\\n' >as-host
            chmod +x as-host
            for space in host internet; do
                : >$space
                unshare --net=$space true
                nsenter --net=$space ip link set lo up
            done
            nsenter --net=host ip link add wire type veth peer name wire netns \(folder)/internet
            at() { space=$1; shift; for address in "$@"; do nsenter --net=$space ip address add $address dev wire $more; done; }
            more=
            at host 45.33.32.1/24 192.168.7.1/24
            at internet 45.33.32.2/24 45.33.32.66/24 198.41.0.4/32 168.63.129.16/32 192.168.7.2/24 10.1.1.1/32 172.16.1.1/32 100.64.1.1/32 \
                169.254.169.254/32 169.254.7.7/32 198.18.1.1/32
            more=nodad
            at host 2001:470::1/64
            at internet 2001:470::2/64
            for space in host internet; do
                nsenter --net=$space ip link set wire up
                nsenter --net=$space busybox httpd -f -p 80 -h web </dev/null >>log 2>&1 &
                echo $! >>pids
            done
            nsenter --net=internet busybox httpd -f -p 25 -h web </dev/null >>log 2>&1 &
            echo $! >>pids
            nsenter --net=host ip route add default via 45.33.32.2
            nsenter --net=host python3 -c '\(Self.nameServer)' </dev/null >>log 2>&1 &
            echo $! >>pids
            until nsenter --net=host bash -c ': </dev/tcp/45.33.32.2/80' 2>/dev/null; do sleep 0.1; done
            """)
    }

    private func end() async throws {
        try await shell(
            """
            cd \(folder)
            kill $(cat pids) || true
            umount host internet
            rm -rf \(folder)
            """)
    }

    private func shell(_ script: String) async throws {
        let finished = try await testBed.run(["/bin/sh", "-ec", script], deadline: 30)
        guard finished.status == 0 else { throw TestBedError("there is no internet", log: "\(finished)") }
    }
}
