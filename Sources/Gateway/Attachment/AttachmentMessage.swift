import AuthorizedKeys
import BuildAPI
import Presentation

/// One line of a machine's script. Everything in it is hostile: words are checked, and texts are made printable.
enum AttachmentMessage: Equatable {
    // MARK: The greeting

    /// Whom to log in as.
    case user(String)
    /// `<type> <base64>` of one of the host keys.
    case hostKey(String)
    case system(String)
    case architecture(String)
    /// Why there can be no terminal on the machine; nil: there can be one.
    case terminal(obstacle: String?)
    /// Whether the command still runs; if not, the status with which it has failed, if there is one.
    case state(isRunning: Bool, status: Int?)
    case name(String)
    case note(String)
    /// The member of the key's owner, a robot, whose job it becomes.
    case member(String)
    case visibility(Visibility)
    /// Seconds until the CI ends the job.
    case left(Int)
    /// Seconds to wait for somebody, and seconds that the machine stays after them.
    case wait(Int)
    case idle(Int)
    /// The output of the command comes as well.
    case log
    /// The machine is nobody's until somebody adopts it.
    case pair
    /// The same machine again, after a lost connection.
    case resume(JobID, secret: String)
    case done

    // MARK: Afterwards

    /// The command has ended with this status.
    case exit(Int)
    /// The N-th key of this connection is in the file.
    case keyed(Int)
    /// The CI ends the job.
    case cancelled
    case bye
    case alive
    /// A word of a later version.
    case unknown

    /// - Parameter line: without its end.
    init(line: String) throws(AttachmentFault) {
        let word = String(line.prefix { $0 != " " })
        let rest = String(line.dropFirst(word.count + 1))
        let message = try Self.parse(word, rest)
        // A word that stands alone.
        switch message {
        case .log, .pair, .done, .cancelled, .bye, .alive: guard rest.isEmpty else { throw .malformed(word) }
        default: break
        }
        self = message
    }

    private static func parse(_ word: String, _ rest: String) throws(AttachmentFault) -> AttachmentMessage {
        func needed<Value>(_ value: Value?) throws(AttachmentFault) -> Value {
            guard let value else { throw .malformed(word) }
            return value
        }
        switch word {
        case "user": return .user(try needed(UserName.isValid(rest) ? rest : nil))
        case "host-key": return .hostKey(try needed(key(rest)))
        case "system": return .system(try needed(plain(rest)))
        case "architecture": return .architecture(try needed(plain(rest)))
        case "terminal": return .terminal(obstacle: try needed(obstacle(rest)))
        case "state": return try needed(state(rest))
        case "name": return .name(try needed(JobName(rest)).description)
        case "note": return .note(try needed(text(rest, limit: longestNote)))
        case "for": return .member(try needed(text(rest, limit: 128) == rest ? rest : nil))
        case "visibility": return .visibility(try needed(Visibility(rawValue: rest)))
        case "left": return .left(try needed(number(rest, in: 0...mostSeconds)))
        case "wait": return .wait(try needed(number(rest, in: 1...mostSeconds)))
        case "idle": return .idle(try needed(number(rest, in: 1...mostSeconds)))
        case "log": return .log
        case "pair": return .pair
        case "resume": return try needed(resumption(rest))
        case "done": return .done
        case "exit": return .exit(try needed(number(rest, in: 0...255)))
        case "keyed": return .keyed(try needed(number(rest, in: 1...mostSeconds)))
        case "cancelled": return .cancelled
        case "bye": return .bye
        case "alive": return .alive
        default: return .unknown
        }
    }

    private static let longestNote = 1000
    /// Ten years.
    private static let mostSeconds = 315_360_000

    /// Digits only.
    private static func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }

    /// A plain key, in its canonical form.
    private static func key(_ text: String) -> String? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, let key = try? PublicKey(type: words[0], base64: words[1]),
            !Certificate.isCertificate(key)
        else { return nil }
        return key.line
    }

    /// As uname(1) says it.
    private static func plain(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII
                && (character.isLetter || character.isNumber || "_.-+/".contains(character))
        }
        return (1...64).contains(text.utf8.count) && isPlain ? text : nil
    }

    /// Nil: there is no text.
    private static func text(_ text: String, limit: Int) -> String? {
        text.isEmpty ? nil : HostileText.printable(text, limit: limit)
    }

    /// Nil: it is neither yes nor no.
    private static func obstacle(_ text: String) -> String?? {
        if text == "yes" { return .some(nil) }
        guard text == "no" || text.hasPrefix("no ") else { return nil }
        return .some(Self.text(String(text.dropFirst(3)), limit: 300) ?? "The machine gives none.")
    }

    private static func state(_ text: String) -> AttachmentMessage? {
        if text == "running" { return .state(isRunning: true, status: nil) }
        if text == "failed" { return .state(isRunning: false, status: nil) }
        guard text.hasPrefix("failed "), let status = number(String(text.dropFirst(7)), in: 0...255) else {
            return nil
        }
        return .state(isRunning: false, status: status)
    }

    private static func resumption(_ text: String) -> AttachmentMessage? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, let job = JobID(words[0]), isSecret(words[1]) else { return nil }
        return .resume(job, secret: words[1])
    }

    /// 32 to 128 of `[A-Za-z0-9]`.
    static func isSecret(_ text: String) -> Bool {
        (32...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
            }
    }
}
