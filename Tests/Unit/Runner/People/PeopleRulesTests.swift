import ConfigurationFile
import Foundation
import Testing

@testable import Runner

@Suite("The settings of a source of people")
struct PeopleRulesTests {
    private func rules(_ source: Configuration.People.Source?) throws(RunnerError) -> PeopleRules {
        var people = Configuration.People()
        people.source = source
        return try PeopleRules(people)
    }

    @Test("without a source, keys are added here; with one, only if that is permitted")
    func localKeys() throws {
        #expect(try rules(nil).permitsLocalKeys)
        let program = try rules(.program(["/bin/sh"]))
        #expect(!program.permitsLocalKeys && program.source is ProgramSource)
    }

    @Test("people who are here are asked about at least every third of a lease")
    func interval() throws {
        let rules = try rules(nil)
        #expect(rules.interval(lease: 60) == 20 && rules.interval(lease: 3) == 1)
        #expect(rules.interval(lease: 86_400) == 60)
    }

    @Test("a source that can never answer is refused at the start")
    func mistakes() throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let names = "\(folder)/names"
        try Data("alice\n".utf8).write(to: URL(filePath: names))
        let url = "https://forge.example/{name}.keys"
        #expect(try rules(.web(url: url, names: names, authorities: nil)).source is WebSource)
        for (source, word) in [
            (Configuration.People.Source.program(["/nowhere/who"]), "/nowhere/who cannot be executed"),
            (.web(url: url, names: "/nowhere/names", authorities: nil), "/nowhere/names: cannot be read"),
            (.web(url: url, names: names, authorities: names), names),
        ] {
            let error = #expect(throws: RunnerError.self) { try rules(source) }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        }
    }
}
