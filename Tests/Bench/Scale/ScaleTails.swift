import BuildAPI
import SystemPackage
import TestBed

/// Many people who follow one log while it grows.
enum ScaleTails {
    /// A gateway can have 1500 streams at once, and a tail is three of them.
    private static let count = 500
    private static let bursts = 20
    private static let burst = [UInt8](
        String(repeating: "a line of a build's log, and nobody has anything to say\n", count: 200).utf8)

    static func measure(_ place: Scale.Place, _ report: Report) async throws {
        let runner = try RunnerProcess.find()
        let path = place.folder + "/lines"
        let made = try await Command.run(["mkfifo", path])
        guard made.status == 0 else { throw TestBedError("no pipe could be made", log: made.description) }
        let job = try await RunnerConnection.with(place.socket) { connection in
            _ = try await connection.addPerson("owner")
            return try await connection.submit(
                RunnerConnection.manifest("exec cat '\(path)'"), owner: "owner"
            ).id
        }
        // Open it for reading too, so that this does not wait for the task.
        let task = try FileDescriptor.open(FilePath(path), .readWrite, options: .closeOnExec)
        defer { try? task.close() }
        let tails = Tails(of: job, task: "task", at: place.socket)
        try await tails.whileFollowing { open in
            try await open(1)
            let least = try await grow(task, tails, runner)
            try await open(count - 1)
            let most = try await grow(task, tails, runner)
            report.add(Figure(name: "scale-tails", value: (most - least) / Double(count - 1), unit: "MB"))
        }
    }

    /// Lets the log grow; everyone reads each part before the next one comes.
    ///
    /// - Returns: the most memory that the runner had, in megabytes.
    private static func grow(
        _ task: FileDescriptor, _ tails: Tails, _ runner: RunnerProcess
    ) async throws -> Double {
        var most = 0.0
        for _ in 1...bursts {
            try task.writeAll(burst)
            try await tails.receiveAll(burst.count)
            most = max(most, try runner.memory())
        }
        return most
    }
}
