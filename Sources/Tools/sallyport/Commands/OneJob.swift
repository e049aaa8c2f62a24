import ArgumentParser
import BuildAPI
import CommandGrammar
import FoundationEssentials
import Presentation
import ServiceClient

/// `show`: everything about one job.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a job: its tasks, builder and deadline, and who is inside.")

    @OptionGroup var job: JobArgument
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let shown = try options.job(job.id)
            try options.answer(shown) { JobDescription(shown).lines.joined(separator: "\n") }
        }
    }
}

/// `extend`: gives a kept builder more time.
struct Extend: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a kept builder more time: one hour, or 30m, 2h, 1d.")

    @OptionGroup var job: JobArgument
    @Argument(
        help: ArgumentHelp("What is added to the time that is left.", valueName: "duration"),
        transform: Extend.read)
    var duration: Duration?
    @Flag(name: .customLong("max"), help: "As far as possible.") var asFarAsPossible = false
    @OptionGroup var options: ServiceOptions

    func validate() throws {
        guard duration == nil || !asFarAsPossible else {
            throw ValidationError("Give a duration or --max, not both.")
        }
    }

    private static func read(_ word: String) throws -> Duration {
        guard let duration = Duration(written: word), duration > .zero else {
            throw ValidationError(UsageError(.malformedDuration, word: word).description)
        }
        return duration
    }

    func run() {
        reporting { () throws(Failure) in
            let before = try options.job(job.id)
            // Whether there is a builder that can be extended is for the service to say.
            let until = try deadline(of: before)
            let after = try options.ask { $0.perform(.extend(until: until), on: before.id, for: nil, $1) }
            try options.answer(after) { after.spokenExtension }
        }
    }

    private func deadline(of job: Job) throws(Failure) -> Date {
        guard asFarAsPossible else {
            let seconds = (duration ?? .seconds(3600)).components.seconds
            return (job.deadline ?? .now).addingTimeInterval(Double(seconds))
        }
        guard let latest = job.maxDeadline else {
            // Nobody knows it before the tasks have ended.
            guard job.status.isFinal, job.builder != nil else { return .now }
            throw Failure(
                .noInput, "The build service does not say how long the builder of job \(job.id) can stay.")
        }
        return latest
    }
}

/// `release`: ends a builder.
struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a job's builder now. While tasks run, the job is cancelled.")

    @OptionGroup var job: JobArgument
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let after = try options.ask { $0.perform(.releaseBuilder, on: job.id, for: nil, $1) }
            try options.answer(after) { after.spokenRelease }
        }
    }
}

/// `cancel`: ends a job that waits or runs.
struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a job that waits or runs. Its builder ends with it.")

    @OptionGroup var job: JobArgument
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let after = try options.ask { $0.perform(.cancel, on: job.id, for: nil, $1) }
            try options.answer(after) { after.spokenCancellation }
        }
    }
}
