import Testing

@testable import Runner

/// What counts, and how long.
@Suite struct CountsTests {
    private let counts = Counts<String>()

    private func refusal(_ wanted: (key: String, limit: Int)...) -> String? {
        do {
            _ = try counts.enter(wanted)
            return nil
        } catch {
            return "\(error.key) \(error.limit)"
        }
    }

    @Test func aPlaceCountsAsLongAsItLives() throws {
        var places = try (1...3).map { _ in try counts.enter([("a", 3)]) }
        #expect(refusal(("a", 3)) == "a 3" && refusal(("a", 4)) == nil && refusal(("b", 1)) == nil)
        places.removeLast()
        #expect(refusal(("a", 3)) == nil)
        withExtendedLifetime(places) {}
    }

    @Test func whatIsOverOneLimitCountsForNone() throws {
        let one = try counts.enter([("a", 1), ("b", 2)])
        #expect(refusal(("b", 2), ("a", 1)) == "a 1")
        let other = try counts.enter([("b", 2)])
        #expect(refusal(("c", 1), ("b", 2)) == "b 2" && refusal(("c", 1)) == nil)
        withExtendedLifetime((one, other)) {}
        #expect(refusal(("c", 0)) == "c 0")
    }
}
