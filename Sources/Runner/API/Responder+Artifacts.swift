import BuildAPI
import Hummingbird
import Policy
import Presentation

/// Artifacts: their list, and their contents. Those who can read the job's logs can read both, unless the contents are withheld.
extension Responder {
    func answerArtifacts(
        of id: JobID, _ query: Query, for client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        let found = try await artifacts(of: id, query)
        switch query["format"] {
        case nil:
            return try json(
                ArtifactList(
                    artifacts: found.index.artifacts, taken: found.index.taken, withheld: found.withheld))
        case "tar":
            try found.requireGiven()
            let stream = try streams.begin(for: found.person?.id, of: client.name)
            return ArtifactAnswer.tar(found.index, in: found.stored, stream)
        default: throw RunnerError(.malformedRequest, "The parameter format must be tar.")
        }
    }

    func answerArtifact(
        _ name: String, of id: JobID, _ query: Query, for client: Authentication.Client
    ) async throws(RunnerError) -> Response {
        let found = try await artifacts(of: id, query)
        guard let number = found.index.artifacts.firstIndex(where: { $0.name == name }) else {
            throw RunnerError(.notFound, "This job has no such artifact.")
        }
        try found.requireGiven()
        let stream = try streams.begin(for: found.person?.id, of: client.name)
        return try ArtifactAnswer.file(number, of: found.index, in: found.stored, stream)
    }

    private struct FoundArtifacts {
        let stored: StoredArtifacts
        let index: StoredArtifacts.Index
        let person: Person?
        /// Why nobody gets their contents, as a sentence; nil: they can be read.
        let withheld: String?

        func requireGiven() throws(RunnerError) {
            if let withheld { throw RunnerError(.forbidden, withheld) }
        }
    }

    /// Throws a sentence if there are none, or the person is not allowed to see the job's progress.
    private func artifacts(of id: JobID, _ query: Query) async throws(RunnerError) -> FoundArtifacts {
        let requester = try await requester(query)
        let job = try await directory.job(id)
        try requester.require(.look, on: job)
        if let sentence = job.whyThereAreNoArtifacts { throw RunnerError(.conflict, sentence) }
        let stored = StoredArtifacts(of: id, in: directory.settings)
        guard let index = stored.index else {
            throw RunnerError(.failure, "The artifacts of job \(id) cannot be read.")
        }
        let isStranger = requester.principal.map { Standing(of: $0, to: job) == .stranger } ?? false
        let reason = EarlyEntries(job, namesPeople: !isStranger).withholding
        return FoundArtifacts(
            stored: stored, index: index, person: requester.person,
            withheld: reason.map { "The artifacts of job \(id) are \($0)." })
    }
}

extension Job {
    /// A sentence; nil: there are some.
    fileprivate var whyThereAreNoArtifacts: String? {
        guard !hasAttachedItself else {
            return "The machine of job \(id) has attached itself: nothing is taken from it."
        }
        guard let artifacts else { return "The manifest of job \(id) names no artifacts." }
        guard artifacts.count == nil else { return status.isFinal ? nil : notYet }
        guard status.isFinal else { return notYet }
        if let remark = artifacts.remarks?.first {
            return "Of the artifacts of job \(id) \(HostileText.printable(remark, limit: 200))."
        }
        return switch status {
        case .failed where artifacts.when != .always:
            "Job \(id) has failed, and its manifest does not say “when: always”: nothing was taken."
        default: "Job \(id) \(status.spoken), and nothing was taken."
        }
    }

    private var notYet: String {
        "Job \(id) has not ended yet: its artifacts are taken after its last task."
    }
}
