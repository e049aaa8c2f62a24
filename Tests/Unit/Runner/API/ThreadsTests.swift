import Foundation
import NIOPosix
import Testing

@testable import Runner

/// What an error on another thread means for the one who waits.
@Suite struct ThreadsTests {
    private func refusal(
        on threads: NIOThreadPool = .singleton, _ body: @escaping @Sendable () throws -> Void
    ) async -> RunnerError? {
        do {
            try await apart(on: threads, body)
            return nil
        } catch {
            return error
        }
    }

    @Test func aFailureIsNotAStop() async throws {
        let failure = await refusal { throw CocoaError(.fileReadNoSuchFile) }
        #expect(failure?.code == .failure && failure?.description == "The service has failed.")
        #expect(failure?.debugDescription.contains("CocoaError") == true)
        let refused = await refusal { throw RunnerError(.tooLarge, "Too large.") }
        #expect(refused?.code == .tooLarge && refused?.description == "Too large.")
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        #expect(await refusal(on: threads) {} == nil)
        try await threads.shutdownGracefully()
        #expect(await refusal(on: threads) {}?.code == .stopping)
    }
}
