import TestBed
import Testing

/// What a job leaves in `~/.buildenv` gives variables, and does nothing else to tasks and sessions.
@Suite struct EnvironmentFileTests {
    /// Some of the lines that the unit tests try on this host, where the image's own shell and programs could matter.
    private static let lines: [(line: String, reason: String?)] = [
        ("set -eu; shopt -s extglob; set -fCxv", nil),
        ("exec <&- >&- 2>&-", nil),
        ("sleep 1000 &", nil),
        ("export LD_PRELOAD=/nowhere.so LD_LIBRARY_PATH=/nowhere LD_DEBUG=all", nil),
        ("export LANG=xx_XX LC_ALL=xx_XX.UTF-8 LC_CTYPE=UTF-8", nil),
        (
            "set -e\nsource ~/venv/bin/activate",
            "line 3: /home/build/venv/bin/activate: No such file or directory"
        ),
        ("exec bash", "it ends before its last line"),
        ("shopt -s extglob; case a in @(a|b)) ;; esac", "line 2: syntax error near unexpected token `('"),
        ("trap '' TERM; sleep 30", "it took longer than 5 seconds"),
    ]

    /// `session` starts the login shell as sshd does; `probe` evaluates a file with one more line, and looks from a session.
    private static let functions = """
        session() { env -u SHLVL -u GOOD -u AFTER "$@"; }
        shell=/usr/lib/sallyport/login-shell
        environment=/run/sallyport/environment
        probe() {
            echo "variable AFTER 'old'" >$environment
            printf '%s\\n' 'export GOOD=yes' "$1" 'export AFTER=new' >~/.buildenv
            /usr/lib/sallyport/take-environment
            echo "$?"
            printf 'one\\ntwo\\n' | session $shell -c 'false; echo "$AFTER $- $PWD $(umask) $SHLVL"; cat'
            echo "$?"
            echo end
        }

        """

    @Test(arguments: ["debian", "debian-build"])
    func onlyVariablesComeOfIt(image: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: \(image)
            environment:
              COLOUR: dark blue
              TERM: dumb
            tasks:
              - prepare: echo 'export LEFT="it is $COLOUR"; trap "exit 9" EXIT; cd /' >>~/.buildenv
              - look: |
                  set +x
                  echo "[$LEFT] [$TERM] [$SHELL] [$PWD] [$0]"
              - spoil: echo 'export LEFT=lost; exit 0' >>~/.buildenv
              - check: exit 1

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(180))
        await expect(
            log, status: 1,
            output: [
                "[look] [it is dark blue] [dumb] [/bin/bash] [/home/build] [/var/lib/sallyport/job/tasks/look/script]\n",
                "[spoil] sallyport: ~/.buildenv cannot be used: it ends before its last line. "
                    + "The variables stay as they were before.\n",
                "task spoil: exit 78\n",
            ], in: testBed)
        #expect(!log.text.contains("[check]"), "\(log)")
        let left = try await Command.run(
            testBed.ssh(["connect", job, "echo \"$LEFT $(env | grep ^TERM)\"; grep -c exit ~/.buildenv"]))
        await expect(left, status: 0, output: ["it is dark blue \n2\n"], in: testBed)

        try await everyLine(job, in: testBed)
        try await protocolsDoNotDependOnIt(job, in: testBed)
        try await unknownLocalesAreLeftOut(job, in: testBed)
        try await unknownTerminalTypesAreReplaced(job, in: testBed)
        try await otherShellsHaveIt(job, image, in: testBed)
        try await testBed.endBuilder(of: job)
    }

    private func everyLine(_ job: String, in testBed: TestBed) async throws {
        var script = Self.functions
        for (line, _) in Self.lines {
            script += "probe '\(line.replacing("'", with: "'\\''"))'\n"
        }
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sh"]), input: Array(script.utf8), deadline: .seconds(180))
        await expect(finished, status: 0, in: testBed)
        #expect(finished.errorText.isEmpty, "\(finished)")
        let results = finished.text.split(separator: "end\n", omittingEmptySubsequences: true)
        #expect(results.count == Self.lines.count, "\(finished)")
        for ((line, reason), result) in zip(Self.lines, results) {
            let said = reason.map {
                "sallyport: ~/.buildenv cannot be used: \($0). The variables stay as they were before.\n78\n"
            }
            let variable = reason == nil ? "new" : "old"
            #expect(
                result == "\(said ?? "0\n")\(variable) hBc /home/build 0022 1\none\ntwo\n0\n",
                "\(line)")
        }
    }

    /// scp, sftp and rsync work with a job's variables that keep its own programs from working.
    private func protocolsDoNotDependOnIt(_ job: String, in testBed: TestBed) async throws {
        let alice = try await Equipped.person(in: testBed)
        let copied = try await alice.sh(
            """
            cd "$(mktemp -d)"
            ssh "$1" "echo 'export PATH=/nowhere LD_LIBRARY_PATH=/nowhere LD_PRELOAD=/nowhere.so' >~/.buildenv"
            ssh "$1" /usr/lib/sallyport/take-environment
            head -c 300000 /dev/urandom >there
            scp -q there "$1:new" && scp -q -O "$1:new" back && cmp there back
            printf 'get new sftp-back\\n' | sftp -q -b - "$1" >/dev/null && cmp there sftp-back
            rsync there "$1:old" && rsync "$1:old" rsync-back && cmp there rsync-back
            ssh "$1" 'echo "$PATH"; while IFS= read -r line; do echo "$line"; done' <<<'a line'
            """, alice.builder(job))
        await expect(copied, status: 0, in: testBed)
        #expect(copied.text == "/nowhere\na line\n" && copied.errorText.isEmpty, "\(copied)")
        await expect(
            try await Command.run(
                testBed.ssh([
                    "connect", job,
                    "PATH=/usr/bin; echo 'export LEFT=again' >~/.buildenv; /usr/lib/sallyport/take-environment",
                ])),
            status: 0, in: testBed)
    }

    /// As if none had been sent. What the machine knows is the person's; where they send none, it can be the job's.
    private func unknownLocalesAreLeftOut(_ job: String, in testBed: TestBed) async throws {
        let script =
            Self.functions + """
                look() { session env -u LANG "$@" $shell -c 'env | grep -E "^(LANG|LC_)" | sort | paste -s -d " "'; }
                for sent in LANG=xx_XX.UTF-8 LC_ALL=xx_XX LC_CTYPE=UTF-8 LC_ALL=../C.utf8 LC_TIME=C LC_ALL=C.UTF-8; do
                    look "$sent"
                done
                echo 'export LC_ALL=C LC_TIME=xx_XX LANG=xx_XX' >~/.buildenv; /usr/lib/sallyport/take-environment
                look A=b
                look LC_ALL=xx_XX
                look LC_ALL=C.UTF-8
                # Someone has installed more than one.
                sudo mkdir /usr/lib/locale/more
                look LC_ALL=xx_XX
                look LC_ALL=C.UTF-8
                sudo rmdir /usr/lib/locale/more

                """
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sh"]), input: Array(script.utf8))
        #expect(
            finished.text == """
                LANG=C.UTF-8
                LANG=C.UTF-8
                LANG=C.UTF-8
                LANG=C.UTF-8
                LANG=C.UTF-8 LC_TIME=C
                LANG=C.UTF-8 LC_ALL=C.UTF-8
                LANG=C.UTF-8 LC_ALL=C
                LANG=C.UTF-8 LC_ALL=C
                LANG=C.UTF-8 LC_ALL=C.UTF-8
                LANG=C.UTF-8 LC_ALL=C
                LANG=C.UTF-8 LC_ALL=C.UTF-8

                """, "\(finished)")
        #expect(finished.errorText.isEmpty, "\(finished)")
        // The whole way from the person's own ssh.
        let alice = try await Equipped.person(in: testBed)
        for variable in ["LANG=xx_XX.UTF-8", "LC_ALL=xx_XX.UTF-8", "LC_CTYPE=UTF-8"] {
            let sent = try await alice.sh(
                """
                env SHELL=/bin/sh "$2" ssh -o SendEnv=LANG -o SendEnv='LC_*' "$1" 'bash -c "echo \\"$LANG $LC_ALL\\""; sudo true; ~/.tasks/look >/dev/null'
                """, alice.builder(job), variable)
            await expect(sent, status: 0, output: ["C.UTF-8 C\n"], in: testBed)
            #expect(sent.errorText == "+ set +x\n", "\(sent)")
        }
    }

    /// In every kind of session: what counts is an entry of that name, in any of terminfo's folders.
    private func unknownTerminalTypesAreReplaced(_ job: String, in testBed: TestBed) async throws {
        let script =
            Self.functions + """
                mkdir -p ~/.terminfo/f; cp /usr/lib/terminfo/x/xterm ~/.terminfo/f/foot
                sudo mkdir -p /etc/terminfo/k; sudo cp /usr/lib/terminfo/x/xterm /etc/terminfo/k/kterm
                for type in xterm-ghostty xterm ../x/xterm '*' dumb foot kterm; do
                    TERM=$type session $shell -c 'echo "$TERM"; sudo sh -c "echo \\$TERM \\$TERMINFO"' | paste -s -d ' '
                done
                rm -r ~/.terminfo/f
                echo 'export TMOUT=1 COLUMNS=7 LINES=3 TERM=foo PROMPT_COMMAND="echo bad"' >~/.buildenv
                /usr/lib/sallyport/take-environment

                """
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "sh"]), input: Array(script.utf8))
        #expect(
            finished.text == """
                xterm-256color xterm-256color
                xterm xterm
                xterm-256color xterm-256color
                xterm-256color xterm-256color
                dumb dumb
                foot foot /home/build/.terminfo
                kterm kterm

                """, "\(finished)")
        #expect(finished.errorText.isEmpty, "\(finished)")
        let look =
            #"echo "<$TERM$TMOUT> [$(env | grep -E "^(COLUMNS|LINES|PROMPT)")]" "e"nd; less /etc/profile"#
        for command in [[], ["sh -c '\(look)'"]] {
            let shown = try await Command.start(
                ["env", "TERM=xterm-ghostty"] + testBed.ssh(["connect", job] + command, options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { terminal in
                if command.isEmpty {
                    try await terminal.write(look + "\n")
                }
                // The editor's own screen.
                try await terminal.output.wait(for: "\u{1b}[?1049h")
                try await terminal.write("q")
                try await terminal.output.wait(for: "\u{1b}[?1049l")
                // This is not a logout.
                if command.isEmpty { try await terminal.write("kill -KILL $$\n") }
            }
            #expect(shown.text.contains("<xterm-256color> [] end\r\n"), "\(shown)")
            #expect(!shown.text.contains("WARNING"), "\(shown)")
        }
    }

    /// Shells that people start themselves: docs/manifest.md.
    private func otherShellsHaveIt(_ job: String, _ image: String, in testBed: TestBed) async throws {
        var script = """
            echo 'export LEFT=behind' >~/.buildenv
            /usr/lib/sallyport/take-environment
            unset LEFT
            look='echo "[$LEFT] $SHELL"'
            env -i bash -l -c "$look"
            LEFT=mine bash --norc -c "$look"
            LEFT=mine bash -l -c "$look"
            LEFT=mine sudo -u build -i bash -c "$look"
            LEFT=mine sudo bash -c "$look"
            LEFT=mine sudo -i bash -c "$look"
            LEFT=mine sudo -E bash -c "$look"

            """
        var expected = ["behind", "mine", "mine", "behind", "", "", "mine"]
        if image == "debian-build" {
            script += """
                sudo su - build -c "$look"
                sudo su build -c "$look"

                """
            expected += ["behind", "behind"]
        }
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "bash"]), input: Array(script.utf8))
        #expect(finished.text == expected.map { "[\($0)] /bin/bash\n" }.joined(), "\(finished)")
        #expect(finished.errorText.isEmpty, "\(finished)")
    }
}
