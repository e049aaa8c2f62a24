import BuildAPI
import CommandGrammar
import EventLoop
import ServiceClient
import Testing

@testable import Gateway

/// `list`, also when there are more jobs than one list has room for.
@Suite struct ListCommandTests {
    private func list(
        _ words: String = "", _ jobs: [Job] = [], next: String? = nil, refusal: ServiceError? = nil
    ) throws -> (said: (output: String, errors: String), status: ExitStatus, service: MemoryService) {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = true
        test.service.nextPage = next
        test.service.refusal = refusal
        for job in jobs { test.service.jobs[job.id] = job }
        var arguments = try Arguments(Words(Array(words.utf8)), ListCommand.syntax)
        let command = try ListCommand(&arguments)
        try arguments.end()
        _ = try command.run(for: try Fixture.known(Fixture.alice), in: test.context)
        let status = test.context.client.run()
        return (test.said, status, test.service)
    }

    @Test(
        arguments: [
            ("", true, PageRequest()), ("--all", false, PageRequest()),
            ("-n 5", true, PageRequest(limit: 5)), ("--before 42", true, PageRequest(after: "42")),
            ("--all -n 1000 --before #42", false, PageRequest(limit: 1000, after: "42")),
        ])
    func thePageIsAskedFor(words: String, live: Bool, page: PageRequest) throws {
        let lists = try list(words).service.lists
        #expect(lists.count == 1 && lists[0].live == live && lists[0].page == page)
    }

    @Test(arguments: ["-n 0", "-n 1001", "-n x", "--before ../1", "-n", "--before"])
    func aPageThatMakesNoSenseIsAMistake(words: String) {
        #expect(throws: UsageError.self) { try list(words) }
    }

    @Test(
        arguments: [
            ("", "list --before 42"), ("--all", "list --all --before 42"),
            ("--all -n 5 --before 77", "list --all -n 5 --before 42"),
        ])
    func theCommandForOlderJobsFollows(words: String, older: String) throws {
        let said = try list(words, [Fixture.job()], next: "42").said
        #expect(said.output.contains("  42 ") && !said.output.contains("older"))
        #expect(said.errors.hasPrefix("sallyport: There are older jobs: ssh "), "\(said.errors)")
        #expect(said.errors.hasSuffix(" \(older)\n"), "\(said.errors)")
    }

    @Test func aListThatIsWholeSaysNothingMore() throws {
        let listed = try list("", [Fixture.job()])
        #expect(listed.said.errors.isEmpty && listed.status == .success)
    }

    @Test func nothingOfAServicesWordStandsInACommand() throws {
        let said = try list("", [Fixture.job()], next: "1; rm -rf ~").said
        #expect(said.errors == "sallyport: There are older jobs.\n", "\(said.errors)")
    }

    @Test(
        arguments: [
            ("", "You have no running job and no kept builder."), ("--all", "You have no job."),
            ("--before 7", "You have no running job and no kept builder older than job 7."),
            ("--all --before 7", "You have no job older than job 7."),
        ])
    func anEmptyListIsCalledThat(words: String, sentence: String) throws {
        let said = try list(words).said
        #expect(said.output.isEmpty && said.errors == "sallyport: \(sentence)\n")
    }

    @Test func jsonHasThePlaceOfTheNextPage() throws {
        let first = try list("--json", [Fixture.job()], next: "42").said
        #expect(first.output.hasSuffix(#"],"next":"42"}"# + "\n") && first.errors.isEmpty)
        let last = try list("--all --json").said
        #expect(last.output == #"{"jobs":[]}"# + "\n" && last.errors.isEmpty)
    }

    @Test func aPlaceThatTheServiceDoesNotKnowIsItsOwnSentence() throws {
        let problem = Problem(title: "", status: 400, detail: "There has never been a job with this id.")
        let refused = try list(
            "--before 99", refusal: ServiceError(.badInput, problem: problem, detail: "in a test"))
        #expect(refused.said.errors.contains("never been a job") && refused.status == .badInput)
        let none = try list(refusal: ServiceError(.notOffered, detail: "in a test"))
        #expect(none.said.errors.contains("does not offer “list”") && none.status == .noBuilder)
    }
}
