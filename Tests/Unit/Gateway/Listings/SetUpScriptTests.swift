import Foundation
import Testing

@testable import Gateway

/// The lines that people copy to install, check and remove a stanza.
@Suite struct SetUpScriptTests {
    private static let installed = [
        "sallyport.builds.example.org.conf f 600", "sallyport.builds.example.org.known_hosts f 600",
    ]

    /// How people enter lines at a prompt, with what they may have set there.
    static let prompts: [(shell: String, settings: String)] = [
        ("bash", "set -o noclobber -o nounset; shopt -s failglob; alias mv='mv -i' cat=false ssh=false"),
        ("bash", "set -e; set -f; ssh() { false; }; cd /"),
        ("zsh", "setopt noclobber nounset shwordsplit extendedglob; alias mv='mv -i' cat=false ssh=false"),
        ("zsh", "setopt ksharrays cshnullglob; alias -g '&&'=false"),
        ("fish", "function mv; false; end; alias ssh false; set -g s taken"),
        ("tcsh", "set noclobber; alias mv 'mv -i'; alias ssh false; set s = taken"),
        ("ksh", "set -o noclobber -o nounset; alias mv='mv -i' cat=false"),
        ("dash", "set -Cu; alias mv='mv -i' cat=false; PS1=; s=taken"),
    ]

    @Test(arguments: prompts) func theLineWorksAtEveryPrompt(shell: String, settings: String) throws {
        let before = "Host example.com\n    User alice\n"
        let machine = try PersonsMachine(config: before)
        for action in [SetUpScript.Action.install, .install, .check, .remove] {
            try machine.scratch.write(machine.script(action), "answer")
            try machine.scratch.write("\(settings)\n\(machine.stanza.line(action))\n", "typed")
            let entered = try machine.scratch.run("sh", "-c", "exec \(shell) -i <typed")
            let sentence = [
                .install: "Installed. Try: ", .check: "Installed and current", .remove: "Removed ",
            ][action]!
            #expect(entered.output.contains("sallyport: " + sentence), "\(entered)")
            #expect(try machine.read("config") == (action == .remove ? "" : PersonsMachine.include) + before)
            #expect(try machine.listing().count == (action == .remove ? 1 : 3))
        }
    }

    /// Whatever /bin/sh is, and whatever options and functions it takes over from its environment.
    @Test(arguments: [
        "dash -Ceuf", "bash --posix -Ceuf", "ksh -Ceuf", "zsh --emulate sh -Ceuf", "busybox sh -Ceuf",
        "env 'BASH_FUNC_mv%%=() { false; }' bash --posix",
    ]) func everyShRunsTheScripts(sh: String) throws {
        let machine = try PersonsMachine()
        for (action, files) in [
            (.install, 3), (.install, 3), (.check, 3), (.remove, 1), (.remove, 1),
        ] as [(SetUpScript.Action, Int)] {
            try machine.scratch.write(machine.script(action), "script")
            let ran = try machine.scratch.run("sh", "-c", "exec \(sh) script")
            #expect(ran.status == 0 && ran.errors.isEmpty && ran.output.hasPrefix("sallyport: "), "\(ran)")
            #expect(try machine.listing().count == files, "\(ran)")
        }
    }

    /// The file is the person's: with or without an end of line, with its mode, and perhaps a link to somewhere else.
    @Test(
        arguments: [
            (nil, ""), ("Host example.com\n    User alice\n", "chmod 640 .ssh/config"),
            ("User x", "chmod 644 .ssh/config"),
            ("linked\n", "mv .ssh/config dotfile; echo 'User alice' >dotfile; ln -s ../dotfile .ssh/config"),
            ("linked\n", "mkdir files; rm .ssh/config; ln -s ../files/config .ssh/config"),
        ] as [(String?, String)])
    func whatIsInstalledIsRemovedAgain(config: String?, preparation: String) throws {
        let machine = try PersonsMachine(config: config)
        _ = try machine.scratch.run("sh", "-c", preparation)
        let (before, text) = (try machine.listing(), try? machine.read("config"))
        for _ in 1...2 {
            let installed = try machine.enter(.install)
            #expect(installed.status == 0 && installed.errors.isEmpty, "\(installed)")
        }
        #expect(try machine.read("config") == PersonsMachine.include + (text ?? ""))
        #expect(try machine.read("\(machine.stanza.file).conf") == machine.stanza.text)
        #expect(try machine.read("\(machine.stanza.file).known_hosts") == machine.knownHosts)
        #expect(try machine.listing() == (before.isEmpty ? ["config f 600"] : before) + Self.installed)
        #expect(try machine.enter(.check).output.contains("Installed and current"))
        let removed = try machine.enter(.remove)
        #expect(removed.status == 0 && removed.errors.isEmpty, "\(removed)")
        #expect(try machine.read("config") == text ?? "")
        #expect(try machine.listing() == (before.isEmpty ? ["config f 600"] : before))
        #expect(try machine.enter(.remove).output.contains("Nothing to remove"))
    }

    /// Only ssh knows whether the lines count: where the Include is, and how it is written, is the person's choice.
    @Test(arguments: [
        (PersonsMachine.include, true), ("Host other\n  User x\nMatch all\n" + PersonsMachine.include, true),
        ("Include  sallyport.*.conf\n", true), ("Host other\n" + PersonsMachine.include, false),
        ("Host *\nUserKnownHostsFile mine\n" + PersonsMachine.include, false),
    ]) func anIncludeThatCountsIsEnough(config: String, counts: Bool) throws {
        let machine = try PersonsMachine(config: config)
        _ = try machine.scratch.run("touch", "-d", "2020-01-01 00:00Z", ".ssh/config")
        #expect(try machine.enter(.install).status == 0)
        #expect(try machine.read("config") == (counts ? "" : PersonsMachine.include) + config)
        let year = try machine.scratch.run("date", "-u", "-r", ".ssh/config", "+%Y").output
        #expect((year == "2020\n") == counts)
    }

    /// A link to nowhere; a link to a file that stays empty.
    @Test(arguments: [
        (
            "missing/config",
            "cannot be written. To finish by hand, put this line at its top: Include sallyport."
        ),
        ("/dev/null", "Put this line at the top of its configuration: Include /"),
    ]) func whatToDoByHandIsSaid(target: String, sentence: String) throws {
        let machine = try PersonsMachine()
        _ = try machine.scratch.run("sh", "-c", "mkdir .ssh; ln -s \(target) .ssh/config")
        for _ in 1...2 {
            let installed = try machine.enter(.install)
            #expect(installed.status == 1 && installed.errors.contains(sentence), "\(installed)")
            #expect(installed.errors.split(separator: "\n").count == 1, "\(installed)")
            #expect(try machine.listing() == ["config l 777"] + Self.installed)
        }
    }

    /// A full disk, in the middle: what cannot be put back is not thrown away.
    @Test func aConfigurationIsNeverLost() throws {
        let machine = try PersonsMachine(config: "User alice\n")
        // Fails after the first half, each time it writes to config.
        try machine.scratch.write(
            """
            #!/bin/sh
            if [ /proc/self/fd/1 -ef "$HOME/.ssh/config" ]; then echo 'User a'; exit 1; fi
            exec /bin/cat "$@"
            """, "bin/cat", executable: true)
        let installed = try machine.enter(.install)
        #expect(installed.status == 1, "\(installed)")
        let kept = try #require(installed.errors.split(separator: " ").last).dropLast()
        #expect(try String(contentsOfFile: String(kept), encoding: .utf8) == "User alice\n", "\(installed)")
    }

    /// Each of these leaves everything as it was.
    @Test(
        arguments: [
            ("Hello, Alice!\n%\n", 1, "something adds to the answer"),
            ("%Hello\n", 1, "something adds to the answer"),
            ("", 1, "something adds to the answer"), ("half", 1, "something adds to the answer"),
            ("refused", 77, "sallyport: No."), ("senseless", 1, "Your ssh does not accept these lines"),
        ] as [(String, Int32, String)])
    func aFailureChangesNothing(answer: String, status: Int32, sentence: String) throws {
        let machine = try PersonsMachine(config: "Host example.com\n")
        try machine.scratch.write("old\n", ".ssh/\(machine.stanza.file).conf")
        let before = try machine.listing()
        var text = answer.replacing("%", with: machine.script(.install))
        switch answer {
        case "half": text = String(machine.script(.install).dropLast(40))
        case "refused":
            try machine.scratch.write(
                "#!/bin/sh\necho 'sallyport: No.' >&2\nexit 77\n", "bin/ssh", executable: true)
        case "senseless":
            text = machine.script(.install).replacing("    User build\n", with: "    Usher build\n")
        default: break
        }
        let installed = try machine.enter(.install, answer: text)
        #expect(installed.status == status && installed.errors.contains(sentence), "\(installed)")
        #expect(installed.output.isEmpty)
        #expect(try machine.listing() == before)
        #expect(try machine.read("config") == "Host example.com\n")
        #expect(try machine.read("\(machine.stanza.file).conf") == "old\n")
    }

    @Test func theCheckSaysWhatIsMissing() throws {
        let machine = try PersonsMachine(config: "User alice\n")
        func expect(_ sentence: String) throws {
            let before = try machine.listing()
            let checked = try machine.enter(.check)
            #expect(checked.status == 1 && checked.output.contains(sentence), "\(checked)")
            #expect(try machine.listing() == before)
        }
        try expect("Not installed: there is no ~/.ssh/sallyport.builds.example.org.conf.")
        #expect(try machine.enter(.install).status == 0)
        try machine.scratch.write("@cert-authority other\n", ".ssh/\(machine.stanza.file).known_hosts")
        try expect("Installed, but not current")
        #expect(try machine.enter(.install).status == 0)
        try machine.scratch.write("User alice\n", ".ssh/config")
        try expect(
            "Installed, but your ssh does not read it. Put this line at the top of ~/.ssh/config: Include sallyport."
        )
    }

    /// Nothing in it ends the single quotes, and no shell changes anything inside of them.
    @Test func theLineIsSafeInsideSingleQuotes() {
        for action in SetUpScript.Action.allCases {
            let line = ClientStanzaTests.stanza(job: "42").line(action)
            #expect(line.hasPrefix("/bin/sh -c '") && line.hasSuffix("'"))
            #expect(line.filter { $0 == "'" }.count == 2 && !line.contains { "!\\\n".contains($0) })
        }
    }
}
