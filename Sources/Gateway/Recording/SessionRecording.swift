import AuditLog
import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Glibc
import SSHClient

/// The recording of a session with a terminal: everything that it shows, and when. Nothing that is typed, unless it is shown.
final class SessionRecording {
    /// Why it cannot go on.
    enum Failure: Error, Equatable {
        /// It is as large as one can be.
        case full
        /// All recordings together are as large as they can be.
        case noRoom
        case unwritable(_ cause: String)
    }

    private let path: String
    private let file: CInt
    private let limit: Int
    private let start: Instant
    private var cast = Asciicast()
    private var hash = SHA256()
    private var size = 0
    private var isOver = false
    private var hasBegun = false

    /// Makes the file.
    ///
    /// - Parameters:
    ///   - session: names it.
    ///   - now: the session's beginning, by the clock of the loop.
    init(
        _ settings: Configuration.Recording, session: String, size: TerminalSize, type: String, title: String,
        at now: Instant, on date: Date = .now
    ) throws(Failure) {
        limit = settings.limit
        start = now
        let folder = RecordingFolder(settings.folder)
        folder.removeAll(before: date.addingTimeInterval(-86_400 * Double(settings.retention)))
        guard folder.recordings.reduce(0, { $0 + $1.size }) < settings.size else { throw .noRoom }
        let name = date.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        path = "\(settings.folder)/\(name)-\(session)\(RecordingFolder.suffix)"
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard file >= 0 else { throw .unwritable("\(path): \(String(cString: strerror(errno)))") }
        do throws(Failure) {
            try append(Asciicast.header(size, type: type, title: title, at: date))
        } catch {
            end()
            throw error
        }
    }

    deinit {
        end()
    }

    /// The terminal is sent this.
    func output(_ bytes: UnsafeRawBufferPointer, at now: Instant) throws(Failure) {
        hasBegun = true
        if let line = cast.output(bytes, after: now - start) { try append(line) }
    }

    func resize(_ size: TerminalSize, at now: Instant) throws(Failure) {
        try append(Asciicast.resize(size, after: now - start))
    }

    /// Closes the file. One of a session that has shown nothing is removed.
    ///
    /// - Returns: the SHA-256 of the file in hexadecimal; nil: there is none, or it has been closed before.
    @discardableResult
    func end() -> String? {
        guard !isOver else { return nil }
        isOver = true
        close(file)
        guard hasBegun else {
            unlink(path)
            return nil
        }
        return hash.finish().hexadecimal
    }

    private func append(_ line: String) throws(Failure) {
        guard !isOver else { return }
        let bytes = Array((line + "\n").utf8)
        guard size + bytes.count <= limit else { throw .full }
        // Half a line would keep players from the whole.
        if let cause = WholeLine.append(bytes, to: file, size: size) {
            throw .unwritable("\(path): \(cause)")
        }
        size += bytes.count
        hash.update(bytes)
    }
}
