import TestBed
import Testing

/// What a runner says and does when it starts, wherever and by whomever it is started.
@Suite struct RunnerStartTests {
    /// By hand, in a folder that its user cannot enter, with a umask that hides nothing.
    @Test func aRunnerThatIsStartedByHandSaysWhatIsWrongAndHidesItsState() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/by-hand"
        try await prepare(folder, testBed)
        let started = try await serve(
            """
            slots = 1
            isolation = "none"
            max_life = 1800
            log_file = "\(folder)/log/runner.log"
            [runner.image.debain-build]
            memory = 300
            """, in: folder, testBed)
        await expect(
            started, status: 0,
            errors: [
                "listening on \(folder)/run/s, 1 builder at once",
                "info sallyport-runner: [Runner] builders ", "runner.isolation is \"none\": ",
                "the image torn cannot start: \(folder)/images/torn/vmlinuz: No such file or directory",
                "[runner.image.debain-build] has no effect", "runner.max_timeout (1800) is less than",
            ], in: testBed)
        // The modes that it leaves behind; and what it says about earlier ones.
        #expect(started.text == "", "open to everyone: \(started)")
        let log = try await testBed.run(["cat", "\(folder)/log/runner.log"])
        #expect(log.text.contains(#/Z sallyport-runner\[\d+\]: info: listening on /#), "\(log)")
        #expect(
            log.text.contains(#/Z sallyport-runner\[\d+\]: warning: \[runner.image.debain-build\] /#),
            "\(log)")
        _ = try await testBed.run(["chmod", "644", "\(folder)/state/runner.sqlite"])
        let again = try await serve("slots = 0", in: folder, testBed)
        await expect(
            again, status: 0,
            errors: [
                "\(folder)/state/runner.sqlite was open to every user (mode 644)", "0 builders at once",
            ],
            in: testBed)
        #expect(again.text == "", "open to everyone: \(again)")
        #expect(!again.errorText.contains("warning"), "\(again)")
    }

    @Test func aRunnerThatCannotRunAnythingDoesNotStart() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/refused"
        try await prepare(folder, testBed)
        for (keys, prefix, sentence) in [
            ("keep = 61\nmax_life = 60", "", "runner.keep (61) is more than runner.max_life (60)"),
            (
                "log_file = \"\(folder)/none/log\"", "",
                "runner.log_file: \(folder)/none/log cannot be written: No such file or directory."
            ),
            (
                "slots = 1", "mount --bind /dev/null /usr/bin/qemu-system-x86_64 &&",
                "No builder can start: not installed: qemu-system-x86_64."
            ),
            (
                "slots = 1", "",
                "runner.isolation is \"required\", but builders cannot run as sallyport-builder: the runner lacks "
                    + "the capabilities CAP_SETUID and CAP_SETGID. Start the runner by its unit, or set"
            ),
            (
                "slots = 1\nbuilder_account = \"nobody-at-all\"", "",
                "runner.isolation is \"required\", but builders cannot run as nobody-at-all: there is no user nobody-at-all. "
                    + "Add it (docs/installation.md), or correct builder_account, or set"
            ),
            (
                "slots = 1", "mount --bind /bin/false /usr/bin/unshare &&",
                "runner.isolation is \"required\", but builders cannot run as sallyport-builder: no user namespace: "
                    + "unshare fails. Allow them (user.max_user_namespaces), or set"
            ),
            (
                "slots = 0", "chown root \(folder)/state && chmod 700 \(folder)/state &&",
                "runner.state_dir: the folder \(folder)/state/logs cannot be made: Permission denied. The runner is uid"
            ),
        ] {
            let started = try await serve(keys, in: folder, prefix: prefix, testBed)
            await expect(started, status: 69, errors: ["sallyport-runner: \(sentence)"], in: testBed)
        }
    }

    /// QEMU is removed while the runner serves: not the build's fault, and everyone is told so.
    @Test func aBuilderThatCannotStartIsNotAFailedBuild() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(
            testBed, size: "40m", at: testBed.orphanedSocket, prefix: "unshare --mount"
        ) { runner in
            try await runner.replaceProgram("/usr/bin/qemu-system-x86_64", with: "/dev/null")
            let sentence =
                "The build service could not start the builder of job 1, so the build has not run. "
                + "Please tell the administrator."
            let followed = try await Command.run(
                testBed.ssh(["submit", "--follow"], to: .orphaned),
                input: Array("image: debian\ntasks:\n  - a: exit 1\n".utf8), deadline: .seconds(60))
            await expect(
                followed, status: 69,
                output: [
                    "the builder cannot be started: a program that builders need is not installed\n",
                    "this is a fault of the build service, not of the build: tell the administrator\n",
                    "failed\n",
                ], errors: [sentence], in: testBed)
            for command in [["tail", "1"], ["connect", "1", "true"]] {
                let finished = try await Command.run(testBed.ssh(command, to: .orphaned))
                await expect(finished, status: 69, errors: [sentence], in: testBed)
            }
            let shown = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(
                shown, status: 0, output: ["gone: the build service could not start it"], in: testBed)
            try await runner.wait(forReport: "qemu-system-x86_64")
        }
    }

    // MARK: Starting one

    private func prepare(_ folder: String, _ testBed: TestBed) async throws {
        let prepared = try await testBed.run([
            "/bin/sh", "-ec",
            """
            mkdir -p \(folder)/images/torn \(folder)/shut && cd \(folder)
            cp \(Repository.programs)/sallyport-runner .
            chmod 700 shut
            install -d -o builds -g builds run log state
            """,
        ])
        await expect(prepared, status: 0, in: testBed)
    }

    /// Starts a runner, as an ordinary user, in a folder that is not theirs; ends it when it listens.
    ///
    /// - Parameters:
    ///   - keys: of `[runner]`, then tables.
    ///   - prefix: runs before, as root, in the same mount namespace.
    /// - Returns: its status and its standard error; on standard output what in its state everyone can use.
    private func serve(
        _ keys: String, in folder: String, prefix: String = "", _ testBed: TestBed
    ) async throws -> Finished {
        let configuration = try await testBed.run(
            ["tee", "\(folder)/sallyport.toml"],
            input: """
                [service]
                url = "unix:\(folder)/run/s"
                [runner]
                state_dir = "\(folder)/state"
                socket = "\(folder)/run/s"
                images = "\(folder)/images"
                gateway_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"]
                \(keys)

                """)
        await expect(configuration, status: 0, in: testBed)
        return try await testBed.run([
            "unshare", "--mount", "/bin/sh", "-c",
            """
            \(prefix.isEmpty ? "" : prefix + " :")
            rm -f \(folder)/run/s
            cd \(folder)/shut && umask 0
            setpriv --reuid builds --regid "$(id -g builds)" --clear-groups \\
                \(folder)/sallyport-runner serve --config \(folder)/sallyport.toml >/dev/null &
            # The mode is the last thing that it does before it says that it listens.
            until [ "$(stat -c %a \(folder)/run/s 2>/dev/null)" = 666 ] || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
            find \(folder)/state -mindepth 1 -perm /007
            kill -TERM $! 2>/dev/null
            wait $!
            """,
        ])
    }
}
