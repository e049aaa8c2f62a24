/// What `resalloc ticket-check` says of a ticket.
enum TicketState: Equatable {
    /// It waits for a machine.
    case open
    /// It has one, with what is known of it.
    case ready([UInt8])
    /// It has one no more: somebody has closed it.
    case closed
    /// Its machine did not live: the server or an administrator has ended it.
    case failed
    /// The server does not know it.
    case missing

    /// Nil: that is no answer.
    ///
    /// The status is 0 for ``ready(_:)`` alone, and the output is then what is known of the machine. Everything else has a line on
    /// standard error, and several have two: a closed ticket without a machine is also "still not processed". Where the output
    /// begins with a line that is a state, that line is not the machine's.
    init?(status: Int32, output: [UInt8], errors: String) {
        let line = output.prefix { $0 != UInt8(ascii: "\n") }
        let named = Self.named[String(decoding: line, as: UTF8.self)]
        if status == 0, named == nil || named == .open {
            self = .ready(named == nil ? output : Array(output.dropFirst(line.count + 1)))
            return
        }
        if let named {
            self = named
            return
        }
        guard let sentence = Self.sentences.first(where: { errors.contains($0.words) }) else { return nil }
        self = sentence.state
    }

    private static let named: [String: TicketState] = ["OPEN": .open, "CLOSED": .closed, "FAILED": .failed]

    private static let sentences: [(words: String, state: TicketState)] = [
        ("non-existing ticket", .missing), ("already closed ticket", .closed),
        ("assigned resource failed", .failed), ("ticket is still not processed", .open),
    ]
}
