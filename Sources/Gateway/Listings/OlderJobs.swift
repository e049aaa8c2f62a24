import BuildAPI
import CommandGrammar

/// What people are told below a list that has not room for all of their jobs.
struct OlderJobs {
    let sentence: String

    /// Nil: the list has all of them.
    ///
    /// - Parameter options: of `list`, with which the older ones are listed.
    init?(after list: JobList, options: [String] = [], in context: SessionContext) {
        guard let next = list.next else { return nil }
        // A service's word: only an id can stand in a command.
        let words = JobID(next).map { ["list"] + options + ["--before", "\($0)"] }
        let line = words.map { ": " + context.commandLine($0.joined(separator: " ")) } ?? ""
        sentence = "There are older jobs\(line)\(line.isEmpty ? "." : "")"
    }
}
