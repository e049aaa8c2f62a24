import TestBed
import Testing

/// People at the gateway in front of the worker.
extension StandInWorker {
    func connect(
        _ words: [String], as person: String? = nil, deadline: Duration = .seconds(30)
    ) async throws -> Finished {
        try await Command.run(
            testBed.ssh(["connect"] + words, to: .sourcehut, as: person), deadline: deadline)
    }

    /// A failed job with a builder that lives.
    func wreck(
        _ id: String, options: [String] = []
    ) async throws -> StandInBuilder {
        let builder = try await StandInBuilder.start(in: testBed, options: options)
        self[id].port = builder.port
        try await log("[#\(id)] 2026/11/21 10:00:00 Build failed.\n", id)
        return builder
    }

    func refuses(
        _ id: String, status: Int32, _ sentence: String,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let refused = try await connect([id, "echo inside"])
        await expect(refused, status: status, errors: [sentence], in: testBed, at: place)
        #expect(refused.output.isEmpty, "\(refused)", sourceLocation: place)
    }
}
