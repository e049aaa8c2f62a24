import TestBed

/// A CI job's container in the test bed: a root file system with busybox, ssh and curl, and nothing else. Its user is root.
///
/// It reaches the gateways, and nothing reaches it.
struct CIMachine: Sendable {
    let testBed: TestBed
    /// Its root.
    let root: String
    /// Where its steps begin.
    static let workspace = "/builds/parser"

    /// Makes it. `make check` there says where it is, and fails with status 3.
    static func make(in testBed: TestBed) async throws -> CIMachine {
        let root = "\(testBed.folder)/ci-\(UInt32.random(in: 0 ... .max))"
        let made = try await testBed.run([
            "/bin/bash", "-euc",
            """
            mkdir -p "$1"/{bin,dev/pts,etc,proc,root,tmp,usr/bin} "$1$2"
            chmod 1777 "$1/tmp"
            cp "$(command -v busybox)" "$1/bin/busybox"
            chroot "$1" /bin/busybox --install -s /bin
            for program in ssh curl; do
                program=$(command -v $program)
                for file in $(ldd "$program" | grep -o '/[^ )]*'); do install -D "$file" "$1$file"; done
                install "$program" "$1/usr/bin"
            done
            echo root:x:0:0::/root:/bin/sh >"$1/etc/passwd"
            echo root:x:0: >"$1/etc/group"
            echo 'hosts: files' >"$1/etc/nsswitch.conf"
            cp /etc/hosts "$1/etc/hosts"
            printf '%s\\n' '#!/bin/sh' 'echo "checking in $PWD"' 'echo 7 parts >result.txt' 'exit 3' >"$1/usr/bin/make"
            chmod 755 "$1/usr/bin/make"
            """, "bash", root, workspace,
        ])
        guard made.status == 0 else { throw TestBedError("no container was made", log: "\(made)") }
        return CIMachine(testBed: testBed, root: root)
    }

    /// Runs the lines of a step, as a CI does: a shell that ends at the first failure reads them.
    func step(
        _ lines: String, _ variables: [String: String], deadline: Duration = .seconds(90),
        body: @Sendable (RunningCommand) async throws -> Void = { _ in }
    ) async throws -> Finished {
        let variables = ["PATH": "/usr/bin:/bin", "HOME": "/root", "CI": "true"].merging(variables) { $1 }
        return try await Command.start(
            testBed.inside(
                ["true"], as: "alice",
                prefix: [
                    "unshare", "--mount", "bash", "-euc",
                    """
                    root=$1
                    for node in null zero full random urandom tty; do
                        : >>"$root/dev/$node"
                        mount --bind "/dev/$node" "$root/dev/$node"
                    done
                    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
                    ln -sf pts/ptmx "$root/dev/ptmx"
                    mount -t proc proc "$root/proc"
                    exec chroot "$root" /bin/env -i "${@:5:$4}" /bin/sh -c 'cd "$0" && exec sh -ec "$1"' "$2" "$3"
                    """, "bash", root, Self.workspace, lines, "\(variables.count)",
                ] + variables.map { "\($0.key)=\($0.value)" }), deadline: deadline, body: body)
    }

    /// The files that a step has left, without what `make check` makes and the archives that the project has.
    func left() async throws -> String {
        try await testBed.run([
            "find", "\(root)/tmp", "\(root)/root", root + Self.workspace, "-mindepth", "1",
            "!", "-name", "result.txt", "!", "-name", "*.tar.gz",
        ]).text
    }
}

extension RunningCommand {
    /// Waits until a script has printed how to enter its machine.
    ///
    /// - Returns: the job's number, or its name.
    func attachedJob() async throws -> String {
        try await errors.wait(for: "ssh -t ")
        try await errors.wait(for: " connect ")
        let text = await errors.text
        guard let job = text.firstMatch(of: #/ connect (\S+)\s/#) else {
            throw TestBedError("no job was printed", log: text)
        }
        return String(job.1)
    }
}

/// What the gateway hands out to machines, and a web server that has the same files.
actor AttachFiles {
    private static let shared = AttachFiles()
    private var port: Task<UInt16, any Error>?

    static let folder = "\(Repository.root)/.build/attach"
    static let archive = "sallyport-attach-amd64.tar.gz"

    /// Installs the bundle that `make attach-bundle` has made, and serves it.
    ///
    /// - Returns: the address of the folder.
    static func serve(in testBed: TestBed) async throws -> String {
        "http://127.0.0.1:\(try await shared.serve(in: testBed))"
    }

    private func serve(in testBed: TestBed) async throws -> UInt16 {
        if let port { return try await port.value }
        let task = Task {
            let port = try TestBed.freePort()
            let installed = try await testBed.run([
                "sh", "-ec",
                """
                mkdir -p "$1" && cp "$2"/sallyport-attach* "$1"
                busybox httpd -p "127.0.0.1:$3" -h "$1"
                """, "sh", "\(testBed.folder)/machine/local/share/sallyport/attach", Self.folder, "\(port)",
            ])
            guard installed.status == 0 else {
                throw TestBedError("no bundle was installed: make attach-bundle", log: "\(installed)")
            }
            return port
        }
        port = task
        return try await task.value
    }

    /// The archive's sum, as the CI's variable has it.
    static func sum(in testBed: TestBed) async throws -> String {
        try await String(testBed.run(["sha256sum", "\(folder)/\(archive)"]).text.prefix { $0 != " " })
    }
}

/// The private key for a CI's secret, which can only attach machines, and the gateway's host key.
struct CISecret: Sendable {
    let key: String
    let hostKey: String

    /// A key of alice's.
    static func make(in testBed: TestBed) async throws -> CISecret {
        let folder = "\(testBed.folder)/secret-\(UInt32.random(in: 0 ... .max))"
        let made = try await testBed.run([
            "sh", "-ec",
            """
            mkdir "$1"
            ssh-keygen -q -t ed25519 -N '' -C ci -f "$1/key"
            "$2" keys add --attach-only alice "$1/key.pub" >&2
            cat "$1/key"
            """, "sh", folder, "\(Repository.programs)/sallyport",
        ])
        guard made.status == 0 else { throw TestBedError("no key was made", log: "\(made)") }
        return CISecret(key: made.text, hostKey: try await hostKey(in: testBed))
    }

    static func hostKey(in testBed: TestBed) async throws -> String {
        let listing = try await testBed.run([
            "ssh-keygen", "-F", "[\(TestBed.publicHost)]:\(testBed.port(of: .builds))", "-f",
            "\(testBed.home(of: "alice"))/.ssh/known_hosts",
        ])
        let line = listing.text.split(separator: "\n").last ?? ""
        return line.split(separator: " ").dropFirst().prefix(2).joined(separator: " ")
    }
}
