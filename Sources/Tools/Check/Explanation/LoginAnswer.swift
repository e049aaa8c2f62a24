public import Gateway
import Presentation

/// What becomes of a login, and why.
public struct LoginAnswer: Encodable, Sendable {
    /// Something that decides.
    public struct Step: Encodable, Equatable, Sendable {
        public enum Decider: String, Encodable, Sendable {
            case sshd
            /// The AuthorizedKeysCommand.
            case dispatcher
        }

        public var decider: Decider
        /// What it does, and from what that follows. It can quote files: hostile text.
        public var finding: String
    }

    /// In the order in which they decide.
    public var steps: [Step] = []
    /// What the forced command asks the build service.
    public var exchanges: [LoginExplanation.Exchange] = []
    /// Whether the person may do what they have come for.
    public var isLetIn = false
    /// Which rule decides; or what refuses before there is one.
    public var rule = ""
    /// What mends a refusal that is sshd's; nil: nothing has to be mended.
    public var remedy: String?
    /// What happens next, in sentences.
    public var next: [String] = []
    /// What the gateway's log says of it, without the session's id.
    public var log: [String] = []
    /// What the person reads before that, or instead of it.
    public var reads = ""
    /// The exit status of their ssh, if they are refused.
    public var status: Int32?

    enum CodingKeys: String, CodingKey {
        case steps, exchanges
        case isLetIn = "let_in"
        case rule, remedy, next, log, reads, status
    }

    /// One line for each step, question, rule and sentence.
    public var lines: [String] {
        var rows: [(String, String)] = steps.map { ($0.decider.rawValue, $0.finding) }
        rows += exchanges.map { exchange in
            let answer = exchange.answer.isEmpty ? "" : " " + exchange.answer
            return ("service", "\(exchange.question): \(exchange.outcome)\(answer)")
        }
        rows.append((isLetIn ? "let in" : "refused", rule))
        rows += [remedy].compactMap(\.self).map { ("to fix it", $0) } + next.map { ("next", $0) }
        rows += log.map { ("log", $0) } + [status].compactMap(\.self).map { ("status", "\($0)") }
        rows += reads.split(whereSeparator: \.isNewline).map { ("reads", String($0)) }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { HostileText.printable("\($0.0.padded(to: width))  \($0.1)", limit: 20_000) }
    }
}
