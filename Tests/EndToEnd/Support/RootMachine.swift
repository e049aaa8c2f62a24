import BuildAPI
import CommandBuilders
import Foundation
import Logging
import Provider
import TestBed

/// A machine on which the runner is root: an sshd with files of its own in /etc/ssh, a root with a home folder of its own, and
/// an allocator that gives it out.
struct RootMachine: Sendable {
    let testBed: TestBed
    let folder: String
    let port: UInt16

    /// - Parameter configuration: lines at the beginning of sshd_config.
    static func start(in testBed: TestBed, configuration: String) async throws -> RootMachine {
        let folder = "\(testBed.folder)/root-\(UInt16.random(in: 0 ... .max))"
        let started = try await testBed.run([
            "unshare", "--mount", "sh", "-ec", script, "sh", folder, testBed.folder, configuration,
        ])
        guard started.status == 0, let port = UInt16(started.text.trimmed) else {
            throw TestBedError("no machine was started", log: "\(started)")
        }
        return RootMachine(testBed: testBed, folder: folder, port: port)
    }

    /// Its host key: `ssh-ed25519 AAAA…`.
    func hostKey() async throws -> String {
        try await testBed.run(["cut", "-d", " ", "-f", "1,2", "\(folder)/key.pub"]).text.trimmed
    }

    /// Runs a script there.
    func shell(_ script: String) async throws -> Finished {
        try await testBed.run([
            "/bin/sh", "-c",
            // The file is gone for a moment when sshd begins anew.
            #"until [ -s "$0" ]; do sleep 0.02; done; exec nsenter --mount --target "$(cat "$0")" /bin/sh -c "$1""#,
            "\(folder)/pid", script,
        ])
    }

    /// A provider that gets it, with an authority of its own.
    ///
    /// - Parameter members: of the allocator's answer, more than how the machine is reached.
    func provider(
        _ members: String, _ change: (inout CommandProvider.Settings) -> Void = { _ in }
    ) async throws -> CommandProvider {
        let answer =
            #"{"address": "127.0.0.1", "port": \#(port), "user": "root", "until": "2090-01-01T00:00:00Z"\#(members)}"#
        try answer.write(toFile: "\(folder)/answer", atomically: true, encoding: .utf8)
        var settings = CommandProvider.Settings(
            pool: "pool", words: ["\(folder)/allocator"], folder: "\(folder)/pool", timeout: 60,
            identity: "\(folder)/runner", authorizedKeys: [])
        let authority = try String(contentsOfFile: "\(folder)/authority.pub", encoding: .utf8)
        settings.authority = .init(path: "\(folder)/authority", publicKey: authority.trimmed)
        settings.demandsRootsProgram = false
        change(&settings)
        return try CommandProvider(settings, logger: Logger(label: "test"))
    }

    static func request(grace: Int = 30) -> BuilderRequest {
        BuilderRequest(
            allocation: AllocationID(for: JobID("9")!), job: JobID("9")!,
            owner: .person(BuildAPI.Person(id: "1", name: "alice")), pool: "pool", image: "",
            hostNames: ["job-9", "job-9.example.org"], life: 300, longestLife: 600, grace: grace)
    }

    func end() async throws {
        try await testBed.endServer(in: folder)
    }

    private static let script = """
        folder=$1 test_bed=$2 configuration=$3
        mount --bind "$test_bed/machine/run" /run
        mkdir "$folder"
        for key in runner authority; do ssh-keygen -q -t ed25519 -N '' -C '' -f "$folder/$key"; done
        printf '%s\\n' '#!/bin/sh' 'case $1 in allocate) cat "${0%/*}/answer" ;; release) ;; *) exit 64 ;; esac' \
            >"$folder/allocator"
        chmod 755 "$folder/allocator"
        home=$(getent passwd root | cut -d : -f 6)
        mount -t tmpfs -o mode=0700 home "$home"
        mount -t tmpfs -o mode=0755 ssh /etc/ssh
        mkdir -m 700 "$home/.ssh"
        cp "$folder/runner.pub" "$home/.ssh/authorized_keys"
        mkdir /etc/ssh/sshd_config.d
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
        cp /etc/ssh/ssh_host_ed25519_key.pub "$folder/key.pub"
        for port in $(shuf -i 22000-22999 -n 20); do
            printf '%s\\n' "$configuration" "Port $port" 'ListenAddress 127.0.0.1' "PidFile $folder/pid" 'UsePAM no' \
                >/etc/ssh/sshd_config
            if /usr/sbin/sshd -E "$folder/log"; then
                until [ -s "$folder/pid" ]; do sleep 0.02; done
                echo "$port"
                exit
            fi
        done
        cat "$folder/log" >&2
        exit 1
        """
}
