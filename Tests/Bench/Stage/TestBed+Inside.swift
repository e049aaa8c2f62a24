import TestBed

extension TestBed {
    /// Runs a subcommand of ours as root inside the test bed, and reports the figures that it prints.
    func measureInside(_ arguments: [String], seconds: Int = 300, _ report: Report) async throws {
        let finished = try await run(arguments, deadline: seconds)
        for line in finished.text.split(separator: "\n") { report.say(String(line)) }
        guard finished.status == 0 else {
            throw TestBedError("the benchmark failed", log: "\(finished)\n\(await logTails())")
        }
    }
}
