import FoundationEssentials
import Glibc
import HelperPrograms

/// The sshd of this host: the one that listens, or else the one that is installed.
struct SSHDProgram: Equatable, Sendable {
    /// Its path, and the options that decide what it reads.
    var words: [String]
    /// The process that listens; nil: none does here.
    var listener: pid_t?

    static let installed = SSHDProgram(words: ["/usr/sbin/sshd"], listener: nil)

    /// The configuration file that it reads.
    var configuration: String {
        guard let index = words.firstIndex(of: "-f"), index + 1 < words.count else {
            return "/etc/ssh/sshd_config"
        }
        return words[index + 1]
    }

    /// The one that listens: in this program's own mount namespace, which is that of the files that are checked, or else, as a
    /// service can have one of its own, in another one.
    ///
    /// Anybody can call a process of theirs so, and start programs of root's with its title: only root can be all of its users,
    /// and change its program.
    static func running() -> SSHDProgram? {
        let own = link("self/ns/mnt")
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let found = processes.compactMap { pid_t($0) }.sorted().compactMap { process -> SSHDProgram? in
            guard let title = text("\(process)/cmdline"),
                let words = words(inTitle: String(title.prefix { $0 != "\0" })),
                text("\(process)/status").map(isRootsAlone) == true, let program = link("\(process)/exe"),
                program.hasSuffix("/sshd"), TrustedPath.faults(of: program).isEmpty
            else { return nil }
            return SSHDProgram(words: [program] + words.dropFirst(), listener: process)
        }
        return found.first { link("\($0.listener ?? 0)/ns/mnt") == own }
            ?? found.first(where: \.readsOurConfiguration)
    }

    /// Whether it reads the usual configuration file, and that is the one that we see.
    private var readsOurConfiguration: Bool {
        guard configuration == Self.installed.configuration else { return false }
        var theirs = stat()
        var ours = stat()
        return stat("/proc/\(listener ?? 0)/root\(configuration)", &theirs) == 0
            && stat(configuration, &ours) == 0
            && theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino
    }

    /// Whether a process has no user but root: real, effective, saved and of the file system (proc(5), status).
    static func isRootsAlone(_ status: String) -> Bool {
        status.split(separator: "\n").first { $0.hasPrefix("Uid:") }?.split(whereSeparator: \.isWhitespace)
            == [
                "Uid:", "0", "0", "0", "0",
            ]
    }

    private static func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "/proc/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    private static func link(_ name: String) -> String? {
        guard var target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)") else {
            return nil
        }
        // An upgrade has replaced the program of a process that goes on.
        let deleted = " (deleted)"
        if target.hasSuffix(deleted) { target.removeLast(deleted.count) }
        return target
    }

    /// From the title that a listening sshd gives itself: `sshd: /usr/sbin/sshd -D -o X=y [listener] 0 of 10-100 startups`.
    static func words(inTitle title: String) -> [String]? {
        guard title.hasPrefix("sshd: "), let end = title.firstRange(of: " [listener]") else { return nil }
        var rest = title[..<end.lowerBound].dropFirst("sshd: ".count).split(separator: " ").map(String.init)[
            ...]
        guard let program = rest.popFirst() else { return nil }
        var words = [program]
        while let word = rest.popFirst() {
            let option = word.prefix(2)
            guard Self.optionsWithValue.contains(String(option)) else {
                if Self.kept.contains(word) { words.append(word) }
                continue
            }
            // The title does not tell where a value with spaces ends: the next option does.
            var value = String(word.dropFirst(2))
            while let next = rest.first, value.isEmpty || !next.hasPrefix("-") {
                value += (value.isEmpty ? "" : " ") + next
                rest.removeFirst()
            }
            if Self.keptWithValue.contains(String(option)) { words += [String(option), value] }
        }
        return words
    }

    private static let optionsWithValue: Set = [
        "-b", "-C", "-c", "-E", "-f", "-g", "-h", "-k", "-o", "-p", "-u",
    ]
    /// What decides which settings are in force.
    private static let keptWithValue: Set = ["-c", "-f", "-h", "-o", "-p"]
    private static let kept: Set = ["-4", "-6"]
}
