import BuildAPI
import FoundationEssentials
import ServiceClient

/// The end of a job's log, where the worker writes that it has ended the builder.
struct LogEnd: Equatable {
    /// How many bytes of the log are read.
    static let length = 4096

    /// When the log was last written. The worker writes to it when the job fails, and then not until the
    /// builder ends.
    var lastWritten: Date?
    /// Whether the worker has written that the builder ends.
    var isOver: Bool

    init(lastWritten: Date?, isOver: Bool) {
        self.lastWritten = lastWritten
        self.isOver = isOver
    }

    /// - Parameter text: the last bytes of the log; they can begin in the middle of a line.
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
