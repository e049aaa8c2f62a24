import BuildAPI

/// People who leave.
extension JobDirectory {
    /// Ends every share with a person.
    func endShares(with person: Person) async throws(RunnerError) {
        for id in try await store.jobsShared(with: person) {
            do throws(RunnerError) {
                _ = try await with(id) { job throws(RunnerError) in
                    try await job.share(with: .person(person), false, by: Requester())
                }
            } catch  where error.code == .notFound {
                // It has just been removed.
            }
        }
    }

    /// Throws if something that can still change is theirs.
    func requireNothingLive(of person: Person) throws(RunnerError) {
        let theirs = entries.values.map(\.shown.job).filter { job in
            !job.isOver && (job.owner.isSame(as: person) || job.submitter?.isSame(as: person) == true)
        }
        guard theirs.isEmpty else {
            let list = WaitReason.list(theirs.map(\.id).inOrder, "and")
            throw RunnerError(
                .conflict,
                "Jobs of this person are still live: \(list). Cancel them, or release their builders, first. Nothing was changed."
            )
        }
    }

    /// Makes a person's id their name in every job that can still change, and in those that are just being read.
    func forgetName(of person: Person) async {
        forgotten.append(person.forgotten)
        for entry in entries.values { await entry.job.rename(person.forgotten) }
    }
}

extension LiveJob {
    /// Gives a person another name.
    ///
    /// - Parameter person: with the new name.
    func rename(_ person: Person) async {
        await apply { lifecycle, _ in lifecycle.record.rename(person) ? [.publish(.session)] : [] }
    }
}
