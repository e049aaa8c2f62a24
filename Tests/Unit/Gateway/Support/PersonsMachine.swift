import Foundation
import Testing

@testable import Gateway

/// A person's home, in which `ssh` answers as the gateway does, and reads the configuration as the real one.
struct PersonsMachine {
    static let include = "Include sallyport.builds.example.org.conf\n"

    let scratch = try! Scratch()
    let stanza = ClientStanzaTests.stanza()
    let knownHosts = "@cert-authority job-*.builds.example.org ssh-ed25519 AAAA builders\n"

    /// - Parameter config: what is in ~/.ssh/config; nil: there is none.
    init(config: String? = nil) throws {
        try scratch.write(Self.ssh, "bin/ssh", executable: true)
        if let config { try scratch.write(config, ".ssh/config") }
    }

    func script(_ action: SetUpScript.Action) -> String {
        SetUpScript(action: action, stanza: stanza, knownHosts: knownHosts).text
    }

    /// Enters the line of an action at a prompt.
    ///
    /// - Parameter answer: what comes from the gateway; nil: the script.
    func enter(
        _ action: SetUpScript.Action, in shell: String = "sh", answer: String? = nil
    ) throws -> (status: Int32, output: String, errors: String) {
        try scratch.write(answer ?? script(action), "answer")
        return try scratch.run(shell, "-c", stanza.line(action))
    }

    func read(_ path: String) throws -> String { try scratch.read(".ssh/" + path) }

    /// The names in ~/.ssh, each with its type and mode.
    func listing() throws -> [String] {
        try scratch.run("sh", "-c", "cd .ssh 2>/dev/null && find . -mindepth 1 -printf '%P %y %m\\n' | sort")
            .output
            .split(separator: "\n").map(String.init)
    }

    /// The real ssh takes the home from the account, not from the environment.
    private static let ssh = #"""
        #!/bin/sh
        printf '%s\n' "$*" >>"$HOME/asked"
        if [ "$1" != -G ]; then cat "$HOME/answer"; exit; fi
        config=$HOME/.ssh/config
        if [ "$2" = -F ]; then config=$3; fi
        for host; do :; done
        sed "s|^\( *\)Include \([^\"/~]\)|\1Include $HOME/.ssh/\2|" "$config" >"$HOME/seen" 2>/dev/null
        exec /usr/bin/ssh -G -F "$HOME/seen" "$host"
        """#
}
