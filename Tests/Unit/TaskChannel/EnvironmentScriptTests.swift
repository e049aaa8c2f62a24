import Foundation
import HelperPrograms
import TestSupport
import Testing

/// What a job can leave in `~/.buildenv` gives variables, and does nothing else to sessions: our images' scripts, tried with a home
/// and a /run of their own. EndToEndTests tries some of these lines in builders.
@Suite struct EnvironmentScriptTests {
    /// What a job can leave there, and what becomes of it: nil if the variables count, else why they do not.
    static let lines: [(line: String, reason: String?)] = [
        ("set -e", nil),
        ("set -eu; shopt -s extglob; set -fCxv", nil),
        ("source ~/venv/bin/activate", nil),
        ("exec >~/log 2>&1", nil),
        ("exec <&- >&- 2>&-", nil),
        ("read -r answer", nil),
        ("trap 'exit 9' EXIT", nil),
        ("cd /tmp; umask 077; ulimit -c 0", nil),
        ("cat() { :; }; export -f cat; alias cat=true", nil),
        ("sleep 1000 &", nil),
        ("set -- one; printf() { :; }; name=x", nil),
        (
            "export BASH_ENV=/tmp/evil SHELLOPTS PS4='$(id)' IFS=o PROMPT_COMMAND='echo evil' ENV=/tmp/evil",
            nil
        ),
        ("export TMOUT=1 TERM=foo COLUMNS=7 HOME=/tmp SSH_TTY=/dev/null OPTIND=x UID PWD=/ CDPATH=/etc", nil),
        ("export LD_PRELOAD=/nowhere.so LD_LIBRARY_PATH=/nowhere LD_DEBUG=all", nil),
        ("export LANG=xx_XX LC_ALL=xx_XX.UTF-8 LC_CTYPE=UTF-8", nil),
        ("export name=a value=b folder=c state=d line=e rows=f class=g", nil),
        (
            "set -e\nsource ~/venv/bin/activate",
            "line 3: /home/build/venv/bin/activate: No such file or directory"
        ),
        ("set -e; false", "it ends before its last line"),
        ("set -u; echo $nothing", "line 2: nothing: unbound variable"),
        ("exit 0", "it ends before its last line"),
        ("exec bash", "it ends before its last line"),
        ("set -n", "it ends before its last line"),
        ("return", "it ends before its last line"),
        ("kill -KILL $$", "it ends before its last line"),
        ("trap 'exit 0' DEBUG", "it ends before its last line"),
        ("export X='open", "line 2: unexpected EOF while looking for matching `''"),
        ("shopt -s extglob; case a in @(a|b)) ;; esac", "line 2: syntax error near unexpected token `('"),
        (
            "export X=$(head -c 200000 /dev/zero | tr '\\0' x)",
            "it exports more than 256 KB, or more than 128 KB in one variable"
        ),
        ("trap '' TERM; sleep 30", "it took longer than 5 seconds"),
    ]

    /// `probe` evaluates a file with one more line, and looks from a session.
    private static let functions = """
        umask 022
        cd "$HOME"
        echo "variable AFTER 'old'" >"$RUN/environment"
        printf '%s\\n' 'export GOOD=yes' "$1" 'export AFTER=new' >~/.buildenv
        "$SCRIPTS/take-environment"
        echo "$?"
        printf 'one\\ntwo\\n' |
            env -u SHLVL -u SCRIPTS -u RUN "$SCRIPTS/login-shell" -c 'false; echo "$AFTER $- $PWD $(umask) $SHLVL"; cat'
        echo "$?"
        """

    @Test(arguments: lines.indices) func onlyVariablesComeOfIt(index: Int) async throws {
        let (line, reason) = Self.lines[index]
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(
            path: "environment-\(UUID())"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["home", "run", "scripts"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        for name in ["take-environment", "login-shell"] {
            let path = "\(folder)/scripts/\(name)"
            let text = try Project.text(of: "Sources/Image/guest/usr/lib/sallyport/\(name)")
                .replacing("/run/sallyport", with: "\(folder)/run")
                .replacing("/var/lib/sallyport", with: "\(folder)/state")
            try ExecutableFile.write(text, to: path)
        }
        let program = HelperProgram(
            words: ["/bin/sh", "-c", Self.functions, "sh", line],
            environment: [
                "HOME": "\(folder)/home", "USER": "build", "SCRIPTS": "\(folder)/scripts",
                "RUN": "\(folder)/run",
            ], outputLimit: 1 << 20, limit: .seconds(60))
        let outcome = try await program.run(reading: [])
        let said = reason.map {
            "sallyport: ~/.buildenv cannot be used: \($0). The variables stay as they were before.\n78\n"
                .replacing("/home/build", with: "\(folder)/home")
        }
        let variable = reason == nil ? "new" : "old"
        #expect(
            String(decoding: outcome.output, as: UTF8.self)
                == "\(said ?? "0\n")\(variable) hBc \(folder)/home 0022 1\none\ntwo\n0\n",
            "\(line): \(outcome)")
        #expect(outcome.errors.isEmpty, "\(line): \(outcome)")
    }
}
