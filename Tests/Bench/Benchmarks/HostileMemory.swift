import SystemPackage
import TestBed

/// The memory of a session whose builder ignores how much the session can take, while its client reads nothing.
enum HostileMemory {
    private static let limit = Duration.seconds(60)

    static func measure(_ stage: Stage, _ report: Report) async throws {
        let job = try await stage.failedJob(image: Scratch.hostileImage, script: "exit 1")
        let (ours, theirs) = try FileDescriptor.pipe(options: .closeOnExec)
        let streams = stage.scratch.streams
        let client = try Child(
            stage.ssh("builds", "connect", job, "true"),
            Child.Streams(input: streams.input, output: theirs, errors: streams.errors))
        try theirs.close()
        var sizes: [Double] = []
        do {
            let start = ContinuousClock.now
            while true {
                guard start.duration(to: .now) < limit else { throw TestBedError("the session does not end") }
                // It can end while it is read.
                let read = try? await ForcedCommands.read(
                    "sed -n 's/^Pss: *//p' smaps_rollup", in: stage.testBed)
                guard let now = read else { continue }
                if now.isEmpty, !sizes.isEmpty { break }
                sizes += now
            }
        } catch {
            client.end()
            throw error
        }
        // What has arrived keeps the client from ending.
        let status = try await blocking {
            try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) {
                while try ours.read(into: $0) > 0 {}
            }
            try ours.close()
            return client.wait()
        }
        guard status == 69 else { throw TestBedError("the session ended with status \(status)") }
        report.add(Figure(name: "session-hostile-pss", value: sizes.max() ?? 0, unit: "KB"))
    }
}
