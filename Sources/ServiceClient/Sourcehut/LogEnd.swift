import BuildAPI
import FoundationEssentials
import ServiceClient

/// The end of a job's log, in which the worker says that it has ended the builder.
struct LogEnd: Equatable {
    /// Bytes of the log that are looked at.
    static let length = 4096

    /// The last time anything was written to it. A failed job's log is written when the job fails, and then not until
    /// its builder ends.
    var lastWritten: Date?
    /// The worker has written that the builder ends.
    var isOver: Bool

    init(lastWritten: Date?, isOver: Bool) {
        self.lastWritten = lastWritten
        self.isOver = isOver
    }

    /// - Parameter text: the last bytes of the log; it may begin within a line.
    init(_ text: some Sequence<UInt8>, of job: JobID, lastWritten: Date?) {
        self.lastWritten = lastWritten
        isOver = String(decoding: Array(text), as: UTF8.self).split(whereSeparator: \.isNewline).contains {
            Self.saysThatTheBuilderEnds($0, job)
        }
    }

    /// Lines of the worker's own are `[#42] 2026/11/21 10:00:00 text`.
    private static func saysThatTheBuilderEnds(_ line: Substring, _ job: JobID) -> Bool {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count == 4, words[0] == "[#\(job)]" else { return false }
        return words[3].hasPrefix("Error: ") || words[3].contains("Terminating build environment.")
    }
}
