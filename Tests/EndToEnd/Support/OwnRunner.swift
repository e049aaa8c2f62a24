import FoundationEssentials
import TestBed

/// Another build service inside the test bed, whose state folder is its own small disk.
struct OwnRunner: Sendable {
    let testBed: TestBed
    private let folder: String
    /// Where it listens.
    let socket: String
    /// What the runner is started with: a command that takes another one.
    private let prefix: String

    /// The state folder.
    var state: String { "\(folder)/state" }
    private var configuration: String { "\(folder)/sallyport.toml" }

    /// Starts it, and ends it with its builders after `body`, whatever has become of it.
    ///
    /// - Parameters:
    ///   - size: of the disk, as mount(8) takes it. Starting a builder takes 15 MB.
    ///   - keep: seconds, as in `sallyport.toml`, and so is `life`.
    ///   - socket: where it listens; nil: where no gateway looks for it.
    ///   - prefix: a command that takes the runner's.
    ///   - more: of the configuration: keys of `[runner]`, then tables.
    static func with(
        _ testBed: TestBed, size: String, keep: Int = 900, life: Int = 900, at socket: String? = nil,
        prefix: String = "", more: String = "", _ body: @Sendable (OwnRunner) async throws -> Void
    ) async throws {
        let folder = "\(testBed.folder)/own"
        let runner = OwnRunner(
            testBed: testBed, folder: folder, socket: socket ?? "\(folder)/s", prefix: prefix)
        do {
            try await runner.shell(
                """
                mkdir -p \(runner.state)
                mount -t tmpfs -o size=\(size) own \(runner.state)
                sed -e 's,^url = .*,url = "unix:\(runner.socket)",' -e 's,^socket = .*,socket = "\(runner.socket)",' \
                    -e 's,^state_dir = .*,state_dir = "\(runner.state)",' -e 's,^keep = .*,keep = \(keep)\\nlife = \(life),' \
                    -e '/^listen = /d' -e '/^tls_/d' -e '/^tokens = /d' \
                    /etc/sallyport/sallyport.toml >\(runner.configuration)
                echo '\(more)' >>\(runner.configuration)
                """)
            try await runner.start()
            let added = try await runner.sallyport(["keys", "add", "alice", "\(testBed.client)/alice.pub"])
            guard added.status == 0 else { throw TestBedError("no key was added", log: "\(added)") }
            try await body(runner)
        } catch {
            try? await runner.end()
            throw error
        }
        try await runner.end()
    }

    func start() async throws {
        try await shell(
            """
            setsid \(prefix) \(Repository.programs)/sallyport-runner serve --config \(configuration) --ephemeral \
                >>\(testBed.folder)/log/own.log 2>&1 </dev/null &
            echo $! >\(folder)/pid
            until \(Repository.programs)/sallyport jobs --config \(configuration) >/dev/null 2>&1; do
                kill -0 $(cat \(folder)/pid) || { tail -n 5 \(testBed.folder)/log/own.log; exit 1; }
                sleep 0.1
            done
            """)
    }

    /// Kills it, and waits until its state folder is free for another one.
    func kill() async throws {
        try await shell("kill -KILL $(cat \(folder)/pid)\n\(untilGone)")
    }

    private func end() async throws {
        try await shell(
            """
            empty=\(state)/fill
            rm -f $empty
            if kill -TERM $(cat \(folder)/pid); then
                \(untilGone)
            else
                \(Repository.programs)/sallyport-runner drain --config \(configuration)
            fi
            umount --lazy \(state)
            rm -rf \(folder)
            """)
    }

    private var untilGone: String { "while kill -0 $(cat \(folder)/pid) 2>/dev/null; do sleep 0.05; done" }

    /// Waits until no program of that name runs in the test bed.
    func waitUntilNone(_ program: String) async throws {
        try await wait("! pgrep -x \(program)", seconds: 10)
    }

    /// For the runner, which has a mount namespace of its own by its prefix.
    func replaceProgram(_ program: String, with other: String) async throws {
        try await shell("nsenter --mount --target $(cat \(folder)/pid) mount --bind \(other) \(program)")
    }

    // MARK: Its disk

    /// Takes all room but that many bytes. Others may write meanwhile: whoever comes last finds no space.
    func fill(leaving rest: Int = 0) async throws {
        try await shell(
            """
            free=$(($(stat -f -c '%a * %S' \(state)) - \(rest)))
            reason=$(LC_ALL=C head -c $free /dev/zero 2>&1 >\(state)/fill) ||
                case $reason in *'No space left'*) ;; *) echo "$reason"; exit 1 ;; esac
            """)
    }

    func makeRoom() async throws {
        try await shell("rm \(state)/fill")
    }

    // MARK: Its operator

    func sallyport(_ arguments: [String], input: String = "") async throws -> Finished {
        try await testBed.sallyport(arguments + ["--config", configuration], input: input)
    }

    func submit(_ manifest: String) async throws -> Finished {
        try await sallyport(["submit", "--owner", "alice", "-"], input: manifest)
    }

    /// A job's own log, or that of a task.
    func log(_ job: String, _ task: String? = nil) async throws -> String {
        try await testBed.run(["cat", "\(state)/logs/\(job)/\(task.map { $0 + "/" } ?? "")log"]).text
    }

    /// Waits until that text is in a file below the state folder.
    func wait(for text: String, in file: String, seconds: Int = 90) async throws {
        try await wait("grep -q '\(text)' \(state)/\(file)", seconds: seconds)
    }

    /// Waits until the runner has logged that.
    func wait(forReport text: String) async throws {
        try await wait("grep -q '\(text)' \(testBed.folder)/log/own.log", seconds: 60)
    }

    /// Waits until no machine of its runs.
    func waitUntilNoBuilder(seconds: Int) async throws {
        try await wait("! \(builders)", seconds: seconds)
    }

    /// Waits until nothing happens in the job's builder any more: QEMU accepts a connection, and no banner comes.
    func waitUntilStopped(_ job: String) async throws {
        try await wait(
            """
            ! nsenter --net --target $(head -n 1 \(state)/machines/\(job)/pidfile) timeout 2 bash -c '
                read -r banner </dev/tcp/127.0.0.1/\(BuilderNetwork.port)'
            """, seconds: 60)
    }

    var hasBuilder: Bool {
        get async throws { try await testBed.run(["/bin/sh", "-c", builders]).status == 0 }
    }

    private var builders: String { "pgrep -f '^/usr/bin/qemu-system-.*\(state)/machines/'" }

    private func wait(_ condition: String, seconds: Int) async throws {
        try await shell(
            """
            end=$(($(date +%s) + \(seconds)))
            until \(condition) >/dev/null 2>&1; do
                [ $(date +%s) -lt $end ] || { echo "never: $(tail -n 20 \(testBed.folder)/log/own.log)"; exit 1; }
                sleep 0.1
            done
            """, deadline: seconds + 10)
    }

    private func shell(_ script: String, deadline: Int = 30) async throws {
        let finished = try await testBed.run(["/bin/sh", "-ec", script], deadline: deadline)
        guard finished.status == 0 else {
            throw TestBedError("the other build service does not do as told", log: "\(finished)")
        }
    }
}
