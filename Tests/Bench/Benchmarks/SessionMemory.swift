import TestBed

/// The memory of idle forced commands.
enum SessionMemory {
    private static let count = 50

    static func measure(_ stage: Stage, _ report: Report) async throws {
        let loadGenerator = try await blocking {
            try LoadGenerator(
                of: count, stage.ssh("builds", "connect", stage.job, "echo connected; exec cat"),
                greeting: "connected", errors: stage.scratch.streams.errors)
        }
        let sizes: [Double]
        do {
            sizes = try await ForcedCommands.read("sed -n 's/^Pss: *//p' smaps_rollup", in: stage.testBed)
        } catch {
            try await blocking { loadGenerator.end() }
            throw error
        }
        try await blocking { loadGenerator.end() }
        guard sizes.count == count else {
            throw TestBedError("\(count) sessions have \(sizes.count) forced commands")
        }
        report.add(Figure(name: "session-pss", value: sizes.reduce(0, +) / Double(count), unit: "KB"))
    }
}
