import HelperPrograms
import Provider
import TaskChannel

/// The scripts with which the runner works on a machine that has none of our programs: those of our images, for any sh(1).
enum CarriedScripts {
    /// Where they go, as a shell there accepts it. Nobody else can look into it.
    static let folder = "~/.sallyport"

    /// By their names.
    private static let scripts: [(name: String, bytes: [UInt8])] = [
        ("places", PackageResources.places), ("set-deadline", PackageResources.set_deadline),
        ("watchdog", PackageResources.watchdog),
        ("unpack", PackageResources.unpack), ("prepare", PackageResources.prepare),
        ("admit-keys", PackageResources.admit_keys), ("task-start", PackageResources.task_start),
        ("task-run", PackageResources.task_run), ("task-follow", PackageResources.task_follow),
        ("take-environment", PackageResources.take_environment),
        ("complete-build", PackageResources.complete_build),
        ("certify-host", PackageResources.certify_host),
    ]

    /// Brings them there. Doing it again does no harm to a script that is running.
    ///
    /// - Parameter grace: the machine's own watchdog acts this many seconds after a deadline.
    static func bring(over channel: SSHTaskChannel, for allocation: AllocationID, grace: Int) async throws {
        try await channel.run("/bin/sh -s", input: Array(installation(for: allocation, grace: grace).utf8))
    }

    /// A script of sh(1) that puts them in place, of which nothing runs unless it has arrived completely. What an earlier
    /// allocation has left there goes: this one's job would take it for its own.
    static func installation(for allocation: AllocationID, grace: Int) -> String {
        var text = """
            sallyport() {
            set -e
            umask 077
            cd
            [ "$(cat .sallyport/allocation 2>/dev/null)" = '\(allocation)' ] || rm -rf .sallyport
            mkdir -p .sallyport
            cd .sallyport
            echo '\(allocation)' >allocation
            echo \(grace) >grace

            """
        // A running shell may still read the old ones. An emulated machine needs a moment for each program that it starts, and
        // printf is the shell's own.
        text += "mkdir -p new.$$\n"
        for (name, bytes) in scripts {
            text += "printf %s \(portable(bytes).shellWord) >new.$$/\(name)\n"
        }
        text += "chmod 700 new.$$/*\nmv new.$$/* .\nrm -rf new.$$\n"
        return text + "}\nsallyport </dev/null\n"
    }

    /// The script with an interpreter that every machine has.
    private static func portable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("#!"), let end = text.firstIndex(of: "\n") else { return text }
        return "#!/bin/sh" + text[end...]
    }
}
