import TestBed

/// A builder as builds.sr.ht's images make them, without the machine: an sshd on a port of the worker's, with the user
/// `build`, an empty password, and no key of the gateway's.
struct StandInBuilder: Sendable {
    let testBed: TestBed
    let port: UInt16
    private let folder: String

    /// - Parameters:
    ///   - port: one that another builder had; nil: any that is free.
    ///   - options: of sshd, such as `-o UseDNS=no`; they come before its own, so they count.
    static func start(
        in testBed: TestBed, at port: UInt16? = nil, options: [String] = []
    ) async throws -> StandInBuilder {
        let folder = "\(testBed.folder)/machine/tmp/builder-\(UInt32.random(in: 0 ... .max))"
        let started = try await testBed.run(
            [
                "unshare", "--mount", "sh", "-ec", script, "sh", folder, testBed.folder,
                port.map { "\($0)" } ?? "",
            ] + options)
        guard started.status == 0, let port = UInt16(started.text.filter(\.isNumber)) else {
            throw TestBedError("no builder was started", log: "\(started)")
        }
        return StandInBuilder(testBed: testBed, port: port, folder: folder)
    }

    /// Its host key, as `ssh-keygen -l` says it.
    func fingerprint() async throws -> String {
        let listing = try await testBed.run(["ssh-keygen", "-l", "-f", "\(folder)/key.pub"])
        return String(listing.text.split(separator: " ")[1])
    }

    /// Its host key: `ssh-ed25519 AAAA…`.
    func hostKey() async throws -> String {
        try await testBed.run(["cut", "-d", " ", "-f", "1,2", "\(folder)/key.pub"]).text.trimmed
    }

    /// Also accepts keys, in a file to which others can be added; for all stand-ins.
    static func authorize(_ keys: String, in testBed: TestBed) async throws {
        let written = try await testBed.run(
            [
                "sh", "-ec",
                "mkdir -p -m 700 \"$1\"; cat >\"$1/authorized_keys\"; chown -R 64600:64600 \"$1\"", "sh",
                keysFolder(testBed),
            ], input: keys)
        guard written.status == 0 else { throw TestBedError("no keys were written", log: "\(written)") }
    }

    /// The accepted keys, as soon as they are as expected, or after ten seconds.
    static func authorizedKeys(
        in testBed: TestBed, once expected: (String) -> Bool = { _ in true }
    ) async throws -> [String] {
        let start = ContinuousClock.now
        while true {
            let text = try await testBed.run(["cat", keysFolder(testBed) + "/authorized_keys"]).text
            if expected(text) || start.duration(to: .now) > .seconds(10) {
                return text.split(separator: "\n").map(String.init)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func keysFolder(_ testBed: TestBed) -> String {
        "\(testBed.folder)/machine/run/build/.ssh"
    }

    /// What its sshd says.
    func log() async throws -> String {
        try await testBed.run(["cat", "\(folder)/log"]).text
    }

    /// Ends the machine, and everybody's session with it.
    func end() async throws {
        try await testBed.endServer(in: folder)
    }

    /// Its ports are the worker's; of one that is in use sshd says so and ends.
    private static let script = """
        folder=$1 test_bed=$2 port=$3
        shift 3
        mount --bind "$test_bed/machine/run" /run
        grep -q '^build:' /etc/passwd || {
            echo 'build:x:64600:64600::/run/build:/bin/bash' >>/etc/passwd
            echo 'build::19000:0:99999:7:::' >>/etc/shadow
            echo 'build:x:64600:' >>/etc/group
        }
        mkdir "$folder"
        mkdir -p /run/build
        chown 64600:64600 /run/build
        ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
        for port in ${port:-$(shuf -i 22000-22999 -n 20)}; do
            if /usr/sbin/sshd -f /dev/null -p "$port" -h "$folder/key" -E "$folder/log" "$@" \
                -o ListenAddress=127.0.0.1 -o PidFile="$folder/pid" -o UsePAM=no -o AuthorizedKeysFile=none \
                -o PasswordAuthentication=yes -o PermitEmptyPasswords=yes -o PrintMotd=no
            then
                until [ -s "$folder/pid" ]; do sleep 0.02; done
                echo "$port"
                exit
            fi
        done
        cat "$folder/log" >&2
        exit 1
        """
}
