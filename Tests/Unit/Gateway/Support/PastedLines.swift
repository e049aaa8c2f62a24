import Foundation

/// Lines that somebody pastes into a step of a project of theirs, whose shell ends at the first failure, and at the first variable
/// that is not set.
enum PastedLines {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
        /// The step's own variables have kept their values, and its trap has run.
        let keepsVariables: Bool
        /// What they have left in the folder for temporary files.
        let left: String
        /// The project's files afterwards.
        let checkout: String
    }

    /// What such lines could overwrite.
    private static let names = ["key", "host", "url", "end", "attach", "archive", "folder", "sallyport"]
    static let checkout = "archive\nhost\nkey\nsallyport-attach.tar.gz\n"

    /// - Parameters:
    ///   - shell: `ash` is busybox's.
    ///   - ssh: the program, a script; it finds the gateway's archive as `$ARCHIVE`.
    ///   - fetch: the same for curl and wget; the script gets the file to write as `$1`.
    ///   - variables: those that the CI sets.
    static func run(
        _ lines: String, in shell: String, ssh: String = "exit 255", fetch: String = "exit 1",
        variables: [String: String] = [:]
    ) throws -> Outcome {
        let scratch = try Scratch()
        try scratch.write("#!/bin/sh\n\(ssh)\n", "bin/ssh", executable: true)
        try scratch.write("#!/bin/sh\necho \"made $1\"; exit 3\n", "bin/make", executable: true)
        try scratch.write("#!/bin/sh\n\(fetch)\n", "bin/fetch", executable: true)
        for program in ["curl", "wget"] {
            try scratch.write(Self.download, "bin/\(program)", executable: true)
        }
        // It says with what it was started, and does what it always does.
        try scratch.write(
            "echo \"script: $*\"; until [ \"$1\" = -- ]; do shift; done; shift; exec \"$@\"\n",
            "sallyport-attach/sallyport-attach")
        try scratch.run("tar", "czf", "archive", "sallyport-attach/sallyport-attach")
        for name in checkout.split(separator: "\n") { try scratch.write("mine\n", "checkout/\(name)") }
        try scratch.run("cp", "archive", "checkout/sallyport-attach.tar.gz")
        let exports = variables.map { "export \($0.key)='\($0.value)'\n" }.sorted().joined()
        try scratch.write(
            """
            \(exports)export TMPDIR="$HOME/tmp" ARCHIVE="$HOME/archive"
            export SALLYPORT_BUNDLE_SHA256=$(sha256sum <"$ARCHIVE" | cut -d ' ' -f 1)
            mkdir -p "$TMPDIR"
            cd checkout
            \(names.map { "\($0)=mine" }.joined(separator: " "))
            trap 'echo kept \(names.map { "$" + $0 }.joined(separator: " "))' EXIT
            set -\(shell == "bash" ? "euo pipefail" : "eu")
            \(lines)
            """, "step")
        let finished =
            shell == "ash"
            ? try scratch.run("/bin/busybox", "ash", "step") : try scratch.run(shell, "step")
        let kept = "kept" + names.map { _ in " mine" }.joined() + "\n"
        return Outcome(
            status: finished.status, output: finished.output.replacing(kept, with: ""),
            errors: finished.errors,
            keepsVariables: finished.output.hasSuffix(kept),
            left: try scratch.run("find", "tmp", "-mindepth", "1").output,
            checkout: try scratch.run("ls", "-A", "checkout").output)
    }

    /// Finds the file to write in the options of curl, wget and busybox's wget.
    private static let download = #"""
        #!/bin/sh
        file=
        while [ $# -gt 0 ]; do
            case $1 in
            -[oO]) case $2 in http*) ;; *) file=$2; shift ;; esac ;;
            http*) url=$1 ;;
            esac
            shift
        done
        exec fetch "${file:-${url##*/}}"
        """#
}
