import Presentation

/// A script for sh that installs, checks or removes a stanza on a person's machine.
///
/// The stanza's `line` fetches it with one login, and runs it if it has arrived whole. Every sh runs it, with any option
/// and function that it takes over from its environment.
struct SetUpScript {
    enum Action: String, CaseIterable {
        case install, check, remove

        /// Of `ssh-config`.
        var option: String { "--\(rawValue)" }
    }

    /// What the script begins and ends with, and nothing that is not from the gateway.
    static let beginning = "# sallyport: "
    static let end = "# sallyport: end"

    var action: Action
    var stanza: ClientStanza
    /// The lines of known_hosts; `remove` needs none.
    var knownHosts: String

    var text: String {
        """
        \(Self.beginning)\(stanza.title)
        # A script for /bin/sh. To run it, enter this line in any shell:
        # \(stanza.line(action))
        set +C +e +f +u
        unset -f cat cd grep head mkdir mktemp mv printf rm sed ssh umask 2>/dev/null
        umask 077
        name=\(stanza.file)
        say() { printf 'sallyport: %s\\n' "$*"; }
        fail() { say "$*" >&2; exit 1; }
        \(steps)
        \(Self.end)

        """
    }

    private var steps: String {
        switch action {
        case .install: [payload, inForce, editing("installed"), installation].joined(separator: "\n")
        case .check: [payload, inForce, examination].joined(separator: "\n")
        case .remove: [nothingThere, editing("removed"), removal].joined(separator: "\n")
        }
    }

    private var payload: String {
        """
        lines() { cat <<'LINES'
        \(stanza.text)LINES
        }
        known_hosts() { cat <<'LINES'
        \(knownHosts)LINES
        }
        """
    }

    /// ssh itself says whether the stanza counts, wherever the Include is.
    private var inForce: String {
        """
        in_force() { ssh -G \(stanza.example) </dev/null 2>/dev/null | grep -q '^userknownhostsfile .*/\(pattern)[.]known_hosts$'; }
        """
    }

    /// The stanza's name as a pattern of grep and sed.
    private var pattern: String { stanza.file.replacing(".", with: "[.]") }

    /// Goes to ~/.ssh, and makes a folder there for what is not finished.
    private func editing(_ done: String) -> String {
        """
        { mkdir -p ~/.ssh && cd ~/.ssh && new=$(mktemp -d "$PWD/.sallyport.XXXXXX"); } 2>/dev/null ||
            fail "~/.ssh cannot be written, so nothing is \(done). \(byHand)"
        trap 'rm -rf "$new"' EXIT
        trap 'exit 1' HUP INT TERM
        unreadable=
        [ ! -e config ] || cat config >"$new/old" 2>/dev/null || unreadable=yes
        [ -e "$new/old" ] || : >"$new/old"
        # Replaces what is in config, but not the file: a symbolic link stays one, and the mode stays. Nothing interrupts it.
        replace() {
            [ -z "$unreadable" ] || return 1
            trap '' HUP INT TERM
            { cat "$new/config" >config; } 2>/dev/null && return
            { cat "$new/old" >config; } 2>/dev/null || [ "$(cat config 2>/dev/null)" = "$(cat "$new/old")" ] || {
                trap - EXIT
                fail "The disk is full, and ~/.ssh/config is not whole. What was in it is in $new/old"
            }
            return 1
        }
        """
    }

    private var byHand: String {
        action == .remove
            ? "By hand: delete ~/.ssh/$name.conf, ~/.ssh/$name.known_hosts, and from ~/.ssh/config the line: Include $name.conf"
            : "By hand: put what '\(stanza.ssh.plain(stanza.request.stanza))' prints into ~/.ssh/$name.conf, "
                + "what '\(stanza.ssh.plain(stanza.request.knownHosts))' prints into ~/.ssh/$name.known_hosts, "
                + "and at the top of ~/.ssh/config the line: Include $name.conf"
    }

    private var installation: String {
        """
        { lines >"$new/conf" && known_hosts >"$new/known_hosts" &&
            printf 'Include "%s"\\n' "$new/conf" | cat - "$new/old" >"$new/config"; } 2>/dev/null ||
            fail "The disk is full, so nothing is installed."
        said=$(ssh -G -F "$new/config" \(stanza.example) 2>&1 >/dev/null </dev/null) ||
            fail "Your ssh does not accept these lines, so nothing is installed. It says: $said"
        { mv -f "$new/known_hosts" "$name.known_hosts" && mv -f "$new/conf" "$name.conf"; } 2>/dev/null ||
            fail "~/.ssh/$name.conf cannot be replaced, so nothing is installed. \(byHand)"
        # Earlier versions left these after a failure.
        rm -f "$name.new" "$name.known"
        if ! in_force && ! head -n 1 "$new/old" | grep -qxF "Include $name.conf"; then
            printf 'Include %s\\n' "$name.conf" | cat - "$new/old" >"$new/config" && replace ||
                fail "~/.ssh/config cannot be written. To finish by hand, put this line at its top: Include $name.conf"
        fi
        in_force || fail "Your ssh does not read $PWD/config. Put this line at the top of its configuration: Include $PWD/$name.conf"
        say "Installed. Try: ssh \(stanza.example)"
        """
    }

    private var examination: String {
        """
        cd ~/.ssh 2>/dev/null && [ -e "$name.conf" ] || { say "Not installed: there is no ~/.ssh/$name.conf."; exit 1; }
        if ! in_force; then
            say "Installed, but your ssh does not read it. Put this line at the top of ~/.ssh/config: Include $name.conf"
        elif [ "$(lines)" != "$(cat "$name.conf")" ] || [ "$(known_hosts)" != "$(cat "$name.known_hosts" 2>/dev/null)" ]; then
            say "Installed, but not current: the gateway gives other lines today. Install them again."
        else
            say "Installed and current: ~/.ssh/$name.conf. Try: ssh \(stanza.example)"
            exit 0
        fi
        exit 1
        """
    }

    private var nothingThere: String {
        """
        there=
        cd ~/.ssh 2>/dev/null && for file in "$name.conf" "$name.known_hosts"; do [ -e "$file" ] && there=yes; done
        ! grep -qx 'Include \(pattern)[.]conf' ~/.ssh/config 2>/dev/null || there=yes
        [ -n "$there" ] || { say "Nothing to remove: there is no ~/.ssh/$name.conf."; exit 0; }
        """
    }

    private var removal: String {
        """
        if grep -qx 'Include \(pattern)[.]conf' "$new/old"; then
            sed '/^Include \(pattern)[.]conf$/d' "$new/old" >"$new/config" && replace ||
                fail "~/.ssh/config cannot be written, so nothing is removed. \(byHand)"
        fi
        rm -f "$name.conf" "$name.known_hosts" 2>/dev/null || fail "~/.ssh cannot be written. \(byHand)"
        say "Removed ~/.ssh/$name.conf, its known_hosts, and its line in ~/.ssh/config."
        """
    }
}
