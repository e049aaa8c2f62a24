/// What runs on a machine: scripts for any sh(1), read from standard input. They name no program that POSIX does not.
package enum HostScripts {
    /// The lines around what is ours in authorized_keys. The runner's own helper there uses the same beginning.
    static let begin = "# sallyport begin"
    static let end = "# sallyport end"
    /// A line that a gateway has added for a person's session, as a basic regular expression: the key, and one word.
    private static let ofGateway = #"^\(no-touch-required \)*[^ ]* [^ ]* sallyport$"#

    /// A script of which nothing runs unless it has arrived completely. What it runs reads nothing.
    package static func whole(_ script: String) -> String {
        "sallyport() {\n\(script)\n}\nsallyport </dev/null\n"
    }

    /// Replaces what is ours by these keys, `<type> <base64>` each. Everything else stays.
    package static func admit(_ keys: [String]) -> String {
        // The file may end without the end of its line: our lines are the first.
        whole(
            """
            set -e
            umask 077
            cd
            mkdir -p .ssh
            \(without("authorized_keys"))
            {
            printf '%s\\n' \(([begin] + keys + [end]).map { "'\($0)'" }.joined(separator: " "))
            cat "$new"
            } >"$new.2"
            rm "$new"
            mv "$new.2" "$file"
            """)
    }

    /// Removes what is ours, and ends everything of the account, this connection too.
    package static let withdraw = whole(
        """
        cd && mkdir -p .ssh || exit 1
        \(without("authorized_keys")) && mv "$new" "$file" || exit 1
        rm -rf .sallyport .ssh/sallyport
        [ "$(id -u)" != 0 ] || { echo "the account is root's" >&2; exit 1; }
        kill -KILL -1
        """)

    /// Succeeds if nothing of ours is there.
    package static let check = whole(
        """
        cd || exit 1
        [ ! -e .sallyport ] || { echo "~/.sallyport is still there" >&2; exit 1; }
        [ -r .ssh/authorized_keys ] || { echo "authorized_keys cannot be read" >&2; exit 1; }
        ! grep -q -e '^\(begin)' -e '\(ofGateway)' .ssh/authorized_keys ||
            { echo "the keys are still there" >&2; exit 1; }
        [ ! -e .ssh/sallyport ] || { echo "~/.ssh/sallyport is still there" >&2; exit 1; }
        """)

    /// Writes the file without what is ours to another one, `$new`, in the same folder.
    private static func without(_ name: String) -> String {
        """
        file=.ssh/\(name) new=.ssh/\(name).sallyport.$$
        { [ ! -e "$file" ] || sed -e '/^\(begin)/,/^\(end)/d' -e '/\(ofGateway)/d' "$file"; } >"$new"
        """
    }
}
