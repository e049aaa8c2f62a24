import ArgumentParser
import BuildAPI
import CommandGrammar
import ServiceClient

/// The job that a command is about.
struct JobArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The job's number, in any way in which people write it: 42, job-42.", valueName: "job"),
        transform: JobArgument.read)
    var id: JobID

    static func read(_ word: String) throws -> JobID {
        do throws(UsageError) {
            return try JobID(written: word)
        } catch {
            throw ValidationError(error.description)
        }
    }
}

extension ServiceOptions {
    /// Looks a job up.
    func job(_ id: JobID) throws(Failure) -> Job {
        guard let job = try ask({ $0.job(id, $1) }) else { throw Failure(.noInput, "There is no job \(id).") }
        return job
    }

    /// Jobs that wait or run, or have a builder; newest first.
    ///
    /// - Parameter owner: a person's name or id, or a group's name after an `@`; nil: everyone's.
    func liveJobs(of owner: String? = nil) throws(Failure) -> JobList {
        try list(nil) { $0.jobs(owner: owner, live: true, shared: false, page: $1, $2) }
    }
}
