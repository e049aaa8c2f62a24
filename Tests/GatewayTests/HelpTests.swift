import BuildAPI
import Foundation
import Requests
import Testing

@testable import Gateway

/// What is said about the verbs, on the command line and in docs/using.md.
@Suite struct HelpTests {
    @Test(arguments: Verb.allCases) func everyVerbHasItsHelp(verb: Verb) {
        #expect(Help.text(for: verb).hasPrefix(verb.rawValue))
        #expect("\n\(Help.text(for: nil))".contains("\n\(verb.rawValue)"))
    }

    @Test(arguments: [nil] + Verb.allCases.map(Optional.some)) func itFitsATerminal(verb: Verb?) {
        let lines = Help.text(for: verb).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines)")
    }

    /// The page's table has the same lines, in the order in which `help` has them.
    @Test func thePageForPeopleHasTheSameVerbs() throws {
        let page = URL(filePath: #filePath).appending(path: "../../../docs/using.md").standardizedFileURL
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter {
            $0.hasPrefix("| `")
        }
        let entered = rows.map { row -> String in
            let cell = row.dropFirst(3).prefix { $0 != "`" }
            return String(cell).replacingOccurrences(of: "\\|", with: "|")
        }
        let helped = Verb.allCases.map { String(Help.text(for: $0).prefix { $0 != "\n" }) }
        #expect(entered == helped)
    }
}
