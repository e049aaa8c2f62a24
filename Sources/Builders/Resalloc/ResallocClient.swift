import AllocatorPrograms
import HelperPrograms

/// The client of resalloc, a program of its own. No answer from the server is an unfinished failure: it can come back.
struct ResallocClient: Sendable {
    /// Its path.
    let program: String
    /// The server's URL; nil: the client's own.
    let connection: String?
    /// Then it is ended.
    var limit = Duration.seconds(15)

    /// Bytes that it can print: much more than a server stores.
    private static let outputLimit = 1 << 14

    /// Its first words; an action follows.
    var words: [String] { [program] + (connection.map { ["--connection=\($0)"] } ?? []) }

    /// The words that ask for a ticket.
    func asking(for tags: [String], sandbox: String) -> [String] {
        words + ["ticket"] + tags.map { "--tag=\($0)" } + ["--sandbox=\(sandbox)"]
    }

    func check(_ ticket: Int) async throws(AllocatorFailure) -> TicketState {
        let outcome = try await run("ticket-check", ticket)
        if case .exited(let status) = outcome.status,
            let state = TicketState(status: status, output: outcome.output, errors: outcome.errors)
        {
            return state
        }
        throw Self.failure("ticket-check", ticket, outcome)
    }

    /// Returns when nobody has the ticket; one that the server does not know is nobody's.
    func close(_ ticket: Int) async throws(AllocatorFailure) {
        let outcome = try await run("ticket-close", ticket)
        guard outcome.status != .exited(0), !outcome.errors.contains("no such ticket") else { return }
        throw Self.failure("ticket-close", ticket, outcome)
    }

    private func run(_ action: String, _ ticket: Int) async throws(AllocatorFailure) -> HelperProgram.Outcome
    {
        let program = HelperProgram(
            words: words + [action, "\(ticket)"], outputLimit: Self.outputLimit, limit: limit,
            endsWithUs: true)
        do throws(HelperProgram.Failure) {
            return try await program.run(reading: [])
        } catch {
            let reason = "resalloc \(action) \(ticket): \(error)"
            guard case .noAnswer = error else { throw AllocatorFailure(reason) }
            throw .unfinished(reason)
        }
    }

    private static func failure(
        _ action: String, _ ticket: Int, _ outcome: HelperProgram.Outcome
    ) -> AllocatorFailure {
        let complaint = ClientComplaint(outcome.errors)
        guard !complaint.hasNoServer else { return .noServer(complaint) }
        return AllocatorFailure("resalloc \(action) \(ticket): \(outcome.lastWords)")
    }
}

extension AllocatorFailure {
    static func noServer(_ complaint: ClientComplaint) -> AllocatorFailure {
        .unfinished("the resalloc server does not answer: \(complaint.line)")
    }
}
