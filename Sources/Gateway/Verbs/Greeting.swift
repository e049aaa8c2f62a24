import BuildAPI

/// What somebody sees who logs in without a command.
struct Greeting {
    let person: Person
    /// Nil: the service does not say.
    let jobs: [Job]?
    /// How to set one's own ssh up.
    let setUpLine: (_ job: String) -> String
    /// How to enter a command, and whether it needs a terminal.
    let commandLine: (_ words: String, _ terminal: Bool) -> String

    var text: String {
        var lines = ["Hello \(person.printableName)."]
        lines.append("")
        if let jobs, jobs.isEmpty {
            lines.append("You have no job that runs or whose builder is kept.")
        } else if let jobs {
            lines.append("Your jobs:")
            lines.append("")
            lines += JobTable(jobs).lines
        } else {
            lines.append("The build service here has no list of your jobs: name the one you mean.")
        }
        let example = jobs?.first.map { "\($0.id)" } ?? "JOB"
        lines.append("")
        lines.append("A shell on the machine of a job:   \(commandLine("connect \(example)", true))")
        lines.append("One command there:                 \(commandLine("connect \(example) COMMAND", false))")
        lines.append("A job's log, until it ends:        \(commandLine("tail \(example)", false))")
        lines.append("An editor, scp, rsync, ports:      \(setUpLine(example))")
        lines.append("All that can be done here:         \(commandLine("help", false))")
        return lines.joined(separator: "\n") + "\n"
    }
}
