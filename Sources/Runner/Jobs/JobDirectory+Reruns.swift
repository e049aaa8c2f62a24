import BuildAPI
import ConfigurationFile
import Policy
import Presentation

/// New jobs that are made of finished ones. They are their owner's, whoever asks for them, and count as all others.
extension JobDirectory {
    func rerun(_ id: JobID, _ wish: NewRerun, by requester: Requester) async throws(RunnerError) -> Job {
        let old = try await job(id)
        try requester.require(.rerun, on: old)
        guard !old.hasAttachedItself else {
            throw RunnerError(
                .conflict, "Job \(id) is a machine that attached itself: only its CI can run it again.")
        }
        guard old.status.isFinal else { throw RunnerError(.conflict, "Job \(id) has not ended yet.") }
        try countSubmission(of: old.owner)
        guard let manifest = try await store.manifest(of: id) else {
            throw RunnerError(.conflict, "The manifest of job \(id) is no longer kept: submit it again.")
        }
        let again = try manifest.again(wish, among: ManifestPools(context.pools, full: fullPools))
        let rerun = Job.Rerun(of: old, fresh: wish.fresh ?? false)
        if rerun.fresh { try checkKeptRoom(of: old.owner) }
        let submission = Submission(of: old, by: requester)
        guard try await store.job(id)?.source != nil else {
            return try await submit(again, as: submission, rerun: rerun)
        }
        guard try await store.hasSource(id) else { throw Self.sourceIsGone(id) }
        guard let source = try IncomingSource.linked(to: settings.source(of: id), in: settings.stateFolder)
        else { throw Self.sourceIsGone(id) }
        return try await submit(again, source: source, as: submission, rerun: rerun)
    }

    private static func sourceIsGone(_ id: JobID) -> RunnerError {
        RunnerError(.conflict, "The source of job \(id) is no longer kept: submit it again.")
    }

    /// Throws if a builder that is kept as soon as it is ready could not be kept.
    private func checkKeptRoom(of owner: Party) throws(RunnerError) {
        let limit = settings.limits.keptPerOwner
        let kept = entries.values.map(\.shown.job).filter {
            $0.owner.id == owner.id && $0.builder?.state == .kept && !$0.hasAttachedItself
        }
        guard settings.limits.keptFull != .oldest, kept.count >= limit else { return }
        let jobs = WaitReason.list(kept.map(\.id).inOrder, "or")
        throw RunnerError(
            .tooMany(.init(what: "kept builders", limit: limit)),
            "\(owner.name) already has \(kept.count.counted("kept builder")), which is the limit: release \(jobs), or try again later.",
            limit: .keptPerOwner)
    }
}

extension Submission {
    /// A job that is made of a finished one, and is the same owner's.
    fileprivate init(of old: Job, by requester: Requester) {
        // An operator has named nobody.
        self.init(by: requester.person ?? old.submitter ?? old.owner.representative)
        owner = old.owner
        note = old.note
        visibility = old.visibility
        isForOwner = true
    }
}
