import SystemPackage
import TestBed

/// A running job whose only task writes what we write, and people who follow its log.
struct FollowedJob: Sendable {
    let tails: LoadGenerator
    let count: Int
    private let task: FileDescriptor

    /// Runs `body` when every tail has shown the first line, then ends the job and so the tails.
    static func with(_ stage: Stage, tails count: Int, _ body: (FollowedJob) async -> Void) async throws {
        let path = stage.testBed.folder + "/lines"
        let made = try await stage.testBed.run(["mkfifo", "-m", "666", path])
        guard made.status == 0 else { throw TestBedError("no pipe could be made", log: made.description) }
        let number = try await Operator(testBed: stage.testBed).submit(
            """
            image: \(Scratch.image)
            tasks:
              - watch: exec cat '\(path)'

            """)
        // Open it for reading too, so that this does not wait for the task.
        let task = try FileDescriptor.open(FilePath(path), .readWrite, options: .closeOnExec)
        let tails: LoadGenerator
        do {
            try task.writeAll("ready\n".utf8)
            tails = try await blocking {
                try LoadGenerator(
                    of: count, stage.ssh("builds", "tail", number), greeting: "[watch] ready",
                    errors: stage.scratch.streams.errors)
            }
        } catch {
            try? task.close()
            throw error
        }
        await body(FollowedJob(tails: tails, count: count, task: task))
        try task.close()
        try await blocking { tails.end() }
    }

    /// Has the task write a line.
    ///
    /// - Returns: for each tail, the seconds until it had the line.
    func write(_ line: String) throws -> [Double] {
        let start = ContinuousClock.now
        try task.writeAll("\(line)\n".utf8)
        return try tails.arrivals(of: "[watch] \(line)").map { start.duration(to: $0).seconds }
    }
}
