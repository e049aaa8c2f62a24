import BuildAPI
import FoundationEssentials
import Testing

@testable import Gateway

@Suite struct VisitorsTests {
    @Test func whoIsInsideIsNamedOnce() {
        let sessions = (0..<12).map { number in
            Job.Session(
                session: "\(number)", person: Person(id: "\(number / 2)", name: "person \(number / 2)"),
                kind: .shell, from: "", since: .now)
        }
        #expect(Visitors.sentence(about: []) == nil)
        #expect(Visitors.sentence(about: Array(sessions.prefix(3))) == "Also inside: person 0, person 1.")
        #expect(
            Visitors.sentence(about: sessions)
                == "Also inside: person 0, person 1, person 2, person 3, person 4, ….")
    }
}
