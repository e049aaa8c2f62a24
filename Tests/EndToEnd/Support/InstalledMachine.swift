import TestBed

/// A machine inside the test bed on which nobody has installed anything yet: a mount namespace with an /etc, /usr/local,
/// /run, /tmp, /var/lib and /var/log of its own.
struct InstalledMachine: Sendable {
    let testBed: TestBed
    private var folder: String { "\(testBed.folder)/installed" }
    /// The checkout, and the programs that were built, as the machine sees them wherever they really are.
    var source: String { "\(folder)/source" }
    var programs: String { "\(folder)/programs" }

    /// Makes it, and ends it with everything on it after `body`.
    static func with(_ testBed: TestBed, _ body: @Sendable (InstalledMachine) async throws -> Void)
        async throws
    {
        let machine = InstalledMachine(testBed: testBed)
        do {
            try await machine.begin()
            try await body(machine)
        } catch {
            try? await machine.end()
            throw error
        }
        try await machine.end()
    }

    /// Runs a script as root on the machine.
    func run(_ script: String, deadline: Int = 60) async throws -> Finished {
        try await testBed.run(
            [
                "/bin/sh", "-c", "exec nsenter --mount --target \"$(cat \(folder)/pid)\" bash -euc \"$1\"",
                "sh", script,
            ],
            deadline: deadline)
    }

    /// Installs with `make install`, from the programs that were built for the tests.
    func make(_ target: String, _ variables: String = "") async throws -> Finished {
        try await run(
            "make --no-print-directory -C \(source) \(target) PROGRAMS=\(programs) \(variables)"
        )
    }

    /// Runs a command as the unit runs the installed runner.
    static let asRunner = """
        setpriv --reuid sallyport --regid sallyport --init-groups --no-new-privs \
        --bounding-set=-all,+setuid,+setgid --inh-caps=-all,+setuid,+setgid --ambient-caps=-all,+setuid,+setgid
        """

    /// Starts the installed runner as its unit does.
    func startRunner() async throws {
        let started = try await run(
            """
            setsid \(Self.asRunner) \\
                $(sed -n 's/^ExecStart=//p' /usr/local/lib/systemd/system/sallyport-runner.service) \\
                >/run/runner.log 2>&1 </dev/null &
            echo $! >/run/runner.pid
            until sallyport jobs >/dev/null 2>&1; do kill -0 $! || { cat /run/runner.log; exit 1; }; sleep 0.1; done
            """)
        guard started.status == 0 else { throw TestBedError("the runner was not started", log: "\(started)") }
    }

    private func begin() async throws {
        let made = try await testBed.run([
            "/bin/bash", "-euc",
            """
            mkdir \(folder)
            # Accounts and files of the test bed's own gateways are not to be found.
            make='
                folder=\(folder)
                mount -t tmpfs -o mode=0755 installed "$folder"
                mkdir "$folder"/etc "$folder"/local "$folder"/run "$folder"/lib "$folder"/log "$folder"/source "$folder"/programs
                mount --bind \(Repository.root) "$folder"/source
                mount --bind \(Repository.programs) "$folder"/programs
                mkdir -m 1777 "$folder"/tmp
                cp -a /etc/. "$folder"/etc
                cd "$folder"/etc
                rm -rf sallyport ssh/sshd_config.d/50-sallyport.conf
                sed -i -E "/^(builds|sallyport|sallyport-keys|sallyport-builder):/d" passwd group shadow
                # The test bed, and so this folder, is in /var/lib: it stays where it is.
                test_bed="$folder/lib/$(basename \(testBed.folder))"
                mkdir "$test_bed"
                mount --rbind \(testBed.folder) "$test_bed"
                for place in lib:var/lib log:var/log etc local:usr/local run tmp; do
                    mount --rbind "$folder/${place%%:*}" "/${place#*:}"
                done
                mkdir /run/sshd
                echo $$ >"$folder"/pid
                exec sleep infinity'
            setsid unshare --mount --propagation private bash -euc "$make" </dev/null >\(folder).log 2>&1 &
            until pid=$(pgrep -f '^sleep infinity$') && [ -e "/proc/$pid/root\(folder)/pid" ]; do
                kill -0 $! || { cat \(folder).log; exit 1; }
                sleep 0.02
            done
            echo "$pid" >\(folder)/pid
            """,
        ])
        guard made.status == 0 else { throw TestBedError("the machine was not made", log: "\(made)") }
    }

    private func end() async throws {
        // Whatever was started there names its folders.
        _ = try await run(
            """
            for pidfile in /run/sshd.pid /run/runner.pid; do
                pid=$(cat "$pidfile") && kill -TERM "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
            done
            """)
        _ = try await testBed.run([
            "/bin/sh", "-c", "kill $(cat \(folder)/pid); rm -rf --one-file-system \(folder)",
        ])
    }
}
