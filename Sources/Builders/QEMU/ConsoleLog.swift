import Foundation
import SystemPackage

/// The file with what the guest writes to its console, and what QEMU says itself.
///
/// Root in the guest can write for ever, so QEMU has only a pipe, and the keeper, a process of its own, reads it: it
/// writes the first megabyte to the file, and drops the rest. The keeper ends when QEMU has ended. Until then it holds a
/// lock on the file (flock(2)).
struct ConsoleLog: Sendable {
    let path: FilePath

    /// In bytes.
    static let longest = 1 << 20

    /// The keeper: a script for `sh` that reads its standard input and has the file, locked, as descriptor 8.
    ///
    /// cat ends early when the file is as long as the limit allows, or the disk is full. A full disk can have space again.
    static let keeper = """
        (
            trap '' XFSZ
            ulimit -f \(longest / 512)
            until cat >&8; do [ "$(stat -L -c %s /proc/self/fd/8)" -lt \(longest) ] || break; done
        )
        exec cat >/dev/null
        """

    /// The last lines so far, for the administrator.
    var lastLines: String {
        tail.split(whereSeparator: \.isNewline).suffix(15).joined(separator: "\n")
    }

    /// Whether our init has written that the network is up. It is among the first lines.
    var saysThatNetworkIsUp: Bool {
        guard let opened = FileHandle(forReadingAtPath: path.string) else { return false }
        return String(decoding: (try? opened.read(upToCount: 1 << 16)) ?? Data(), as: UTF8.self)
            .contains("sallyport: the network is up")
    }

    /// The last 4 kB so far.
    var tail: String {
        guard let opened = FileHandle(forReadingAtPath: path.string), let end = try? opened.seekToEnd(),
            (try? opened.seek(toOffset: end - min(end, 4096))) != nil
        else { return "" }
        return String(decoding: (try? opened.read(upToCount: 4096)) ?? Data(), as: UTF8.self)
    }

    /// Waits for the last bytes of a QEMU that is ending: returns when the keeper has written them, or after two seconds.
    func waitUntilComplete() async {
        // Version 1.0 had no keeper: there is no lock, and nothing to wait for.
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return }
        defer { try? file.close() }
        let limit = ContinuousClock.now + .seconds(2)
        while flock(file.rawValue, LOCK_SH | LOCK_NB) != 0, ContinuousClock.now < limit {
            await EmulatorProcess.pause()
        }
    }
}
