import ProviderSuite
import Testing

@testable import Runner

@Suite("Providers")
struct ProviderTests {
    @Test("the fake one of these tests is like the real ones", .timeLimit(.minutes(1)))
    func fake() async throws {
        let provider = FakeProvider()
        try await ProviderSuite(image: "debian", runsTasks: false) { provider }.run()
    }
}
