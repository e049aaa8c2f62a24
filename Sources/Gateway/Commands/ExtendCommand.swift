import BuildAPI
import CommandGrammar
import FoundationEssentials
import Policy
import Presentation
import ServiceClient

/// `extend`: gives a kept builder more time.
struct ExtendCommand: JobCommand {
    static let manual = Manual(
        name: "extend", aliases: ["renew"], synopsis: "extend <job> [duration|--max]",
        summary: "give the builder more time: one hour, or 30m, 2h, 1d",
        details: """
            Adds to the time that is left. The builder then stays that long even with nobody inside.
            --max extends it as far as the administrator allows.
            """)
    static let syntax = Syntax(flags: ["--max", "--json"])
    static let action = Action.extend

    /// How far the deadline is moved.
    enum Length: Equatable {
        case time(Duration)
        /// As far as possible.
        case maximum
    }

    let job: JobID?
    let length: Length
    let json: Bool

    /// The default duration.
    private static let usual = Duration.seconds(3600)

    init(_ arguments: inout Arguments) throws(UsageError) {
        job = try arguments.job()
        json = arguments.has("--json")
        guard !arguments.has("--max") else {
            length = .maximum
            return
        }
        guard let word = arguments.optionalWord() else {
            length = .time(Self.usual)
            return
        }
        guard let duration = Duration(written: word), duration > .zero else {
            throw UsageError(.malformedDuration, word: word)
        }
        length = .time(duration)
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let job = permit.job
        guard job.builder != nil else { throw .noBuilder(job) }
        guard job.status.isFinal else { throw .extendedWhileRunning(job) }
        let until = try deadline(for: job)
        change(permit, .extend(until: until), json: json, in: context) { $0.spokenExtension }
        return nil
    }

    private func deadline(for job: Job) throws(Refusal) -> Date {
        switch (length, job.maxDeadline) {
        case (.maximum, let latest?): return latest
        case (.maximum, nil): throw .notOffered("“extend --max”")
        case (.time(let duration), let latest):
            let until = (job.deadline ?? .now).addingTimeInterval(TimeInterval(duration.components.seconds))
            // The clocks of two machines can differ: the service decides.
            if let latest, until > latest.addingTimeInterval(1) {
                throw .extendedTooFar(job, latest: latest)
            }
            return until
        }
    }
}
