import BuildAPI
import ConfigurationFile
import HelperPrograms
import Logging
import Provider

/// What the tasks leave behind, taken from the builder between the last task and the job's end.
extension LiveJob {
    nonisolated var artifacts: StoredArtifacts { StoredArtifacts(of: id, in: context.settings) }

    private static let attempts = 3

    /// Takes the artifacts, if the job's manifest wants them after this end. Whatever is wrong with them is a line of the job's
    /// log, and nothing else fails.
    func takeArtifacts(after status: Job.Status) async throws {
        guard !record.job.status.isFinal, let wanted = record.job.artifacts, wanted.count == nil,
            status == .success || wanted.when == .always, let machine
        else { return }
        guard let manifest = try await context.store.manifest(of: id)?.artifacts else { return }
        await apply { $0.artifactsBegun(at: $1) }
        let limit = context.settings.limits.artifacts
        let files = WantedFiles(
            patterns: manifest.paths, size: min(manifest.size ?? limit, limit), count: StoredArtifacts.most)
        let taken = await collect(files, from: machine)
        // It has been cancelled, or the runner stops; then the next one takes them.
        try checkRunning()
        await apply { lifecycle, _ in lifecycle.artifactsTaken(taken) }
    }

    private func collect(_ files: WantedFiles, from machine: any AllocatedBuilder) async -> TakenArtifacts {
        // Nothing is there if they have become the job's.
        defer { artifacts.removeIncoming() }
        do {
            let taken = try await within(.seconds(Lifecycle.timeForArtifacts)) {
                try await self.persistently { try await self.collectOnce(files, from: machine) }
            }
            return taken ?? TakenArtifacts(failure: "the builder took too long")
        } catch {
            logger.warning("job \(id): its artifacts: \(String(reflecting: error))")
            switch error {
            case let error as RunnerError: return TakenArtifacts(failure: error.description.clause)
            case let error as BuilderError: return TakenArtifacts(failure: error.description.clause)
            default: return TakenArtifacts(failure: "the builder does not answer")
            }
        }
    }

    /// A connection that breaks is made again, and everything is taken anew.
    private func collectOnce(
        _ files: WantedFiles, from machine: any AllocatedBuilder
    ) async throws -> TakenArtifacts {
        var attempt = 1
        while true {
            let incoming = try IncomingArtifacts(of: artifacts, files)
            do {
                try await machine.channel.collect(files) { try await incoming.take($0) }
                return try await incoming.finish(at: timekeeper.now())
            } catch {
                if let failure = await incoming.failure { throw failure }
                guard (error as? BuilderError)?.code == .connectionLost, attempt < Self.attempts else {
                    throw error
                }
                try checkRunning()
                attempt += 1
            }
        }
    }
}

extension String {
    /// A sentence as the end of another one.
    fileprivate var clause: String {
        prefix(1).lowercased() + (hasSuffix(".") ? dropFirst().dropLast() : dropFirst())
    }
}
