package import AllocatorProtocol
import BuildAPI
import FoundationEssentials
import Glibc
import Presentation

/// An allocator program's side of the conversation: the question on standard input, the answer on standard output, and lines
/// for the job's log on standard error.
package enum StandardStreams {
    /// Bytes of a question.
    private static let maximumQuestion = 1 << 20

    /// Reads the question to its end.
    package static func question<Question: Decodable>() throws(AllocatorEnd) -> Question {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, bytes.count < maximumQuestion else { break }
            bytes += buffer[..<count]
        }
        do {
            return try JSON.decode(Question.self, from: Data(bytes))
        } catch {
            throw AllocatorEnd(
                64, "standard input is not what docs/allocators.md describes: \(JSON.complaint(about: error))"
            )
        }
    }

    /// Writes the answer. One that nobody reads is none: the runner releases what it has not heard of.
    package static func answer(_ value: some Encodable) throws(AllocatorEnd) {
        guard var rest = try? JSON.encode(value) + Data("\n".utf8) else {
            throw AllocatorEnd(70, "the answer cannot be encoded")
        }
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw AllocatorEnd(74, "the answer could not be written") }
            rest = rest.dropFirst(count)
        }
    }

    /// Says a line, if anybody listens.
    package static func say(_ line: String) {
        let line = Array((HostileText.printable(line, limit: 400) + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// Ends the program: the last line is the reason.
    package static func end(_ end: AllocatorEnd) -> Never {
        say(end.reason)
        exit(end.status)
    }
}
