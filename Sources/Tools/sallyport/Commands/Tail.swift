import ArgumentParser
import BuildAPI
import EventLoop
import Glibc
import Presentation
import ServiceClient
import ShownLogs

/// `tail`: shows a job's logs until it ends.
struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a job's logs until it ends. Exit status 0: it succeeded; 1: it did not.")

    @OptionGroup var job: JobArgument
    @Option(
        name: .customShort("n"),
        help: ArgumentHelp(
            "Only the last lines of what there is, and then what follows.", valueName: "lines"))
    var lines: Int?
    @Flag(help: "Pass every byte; otherwise escape sequences other than colours are dropped.") var raw = false
    @OptionGroup var place: ServicePlace

    func validate() throws {
        guard (0...LastLinesSearch.mostLines).contains(lines ?? 0) else {
            throw ValidationError("-n must be a number from 0 to \(LastLinesSearch.mostLines).")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var hasSucceeded = true
        reporting { () throws(Failure) in
            let (service, loop) = try place.service()
            let tail: JobTail
            do throws(ServiceError) {
                guard let job = try service.wait(for: { service.job(job.id, $0) }) else {
                    throw ServiceError(.noSuchJob, detail: "job \(job.id)")
                }
                tail = JobTail(job, raw: raw, of: service, on: loop)
                try service.wait { tail.start(lines: lines, $0) }
            } catch {
                throw error.code == .noSuchJob
                    ? Failure(.noInput, "There is no job \(job.id).") : Failure(error)
            }
            // Whoever has stopped reading wants no sentence, and knows nothing of the job's end.
            hasSucceeded = tail.job.status == .success
            guard !tail.isUnread else { return }
            guard !tail.job.hasNotRun else { throw Failure(.unavailable, tail.job.spokenFault) }
            guard tail.hasFoundLog || !tail.hadEnded else {
                throw Failure(.noInput, "The build service has no log of job \(job.id).")
            }
        }
        if !hasSucceeded { throw ExitCode(1) }
    }
}
