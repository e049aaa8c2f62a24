import BuildAPI
import Foundation
import TestSupport
import Testing

@testable import Gateway

/// What is said about the verbs, on the command line and in docs/using.md.
@Suite struct HelpTests {
    @Test(arguments: Verbs.all.map(\.manual.name)) func everyVerbHasItsHelp(verb: String) {
        #expect(HelpCommand.text(about: verb).hasPrefix(verb))
        #expect("\n\(HelpCommand.text(about: nil))".contains("\n\(verb)"))
    }

    @Test(arguments: [nil] + Verbs.all.map(\.manual.name).map(Optional.some)) func itFitsATerminal(
        verb: String?
    ) {
        let lines = HelpCommand.text(about: verb).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines)")
    }

    /// The page's table has the same lines, in the order in which `help` has them.
    @Test func thePageForPeopleHasTheSameVerbs() throws {
        let rows = try Project.text(of: "docs/using.md").split(separator: "\n").filter {
            $0.hasPrefix("| `")
        }
        let entered = rows.map { row -> String in
            let cell = row.dropFirst(3).prefix { $0 != "`" }
            return String(cell).replacingOccurrences(of: "\\|", with: "|")
        }
        let helped = Verbs.all.map(\.manual.name).map {
            String(HelpCommand.text(about: $0).prefix { $0 != "\n" })
        }
        #expect(entered == helped)
    }
}
