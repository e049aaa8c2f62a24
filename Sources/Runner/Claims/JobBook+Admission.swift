import BuildAPI
import FoundationEssentials
import Logging

/// What a builder knows of the keys that it is to let in.
struct Admission {
    /// Tells it of them, after all that was to be told before.
    var telling: _Concurrency.Task<Void, any Error>?
    /// What it has been told; nil: that is not known.
    var told: [String]?
    /// Tries again.
    var again: _Concurrency.Task<Void, Never>?
}

/// People's keys in builders.
extension JobBook {
    /// Seconds until a builder that could not be told is told again: keys are to leave, too.
    private static let patience = 10.0

    /// Tells the builder whose keys it lets in: always all of them, one list after the other. One that has been
    /// overtaken is not sent.
    func admitKeys(_ id: JobID) {
        let before = entries[id]?.admission.telling
        entries[id]?.admission.telling = _Concurrency.Task { [weak self] in
            _ = await before?.result
            try await self?.tellKeys(id)
        }
    }

    /// Returns when the builder lets the claim's key in; else takes the claim back.
    func admitted(_ claim: Claim) async throws(RunnerError) -> Claim {
        do {
            try await entries[claim.job]?.admission.telling?.value
        } catch {
            apply(claim.job) { $0.released(claim.id, reason: .lost, at: $1) }
            guard entries[claim.job]?.record.job.builder != nil else {
                throw RunnerError(.gone, "The builder is gone.")
            }
            throw RunnerError(.unreachable, "The builder does not answer now.")
        }
        // The lease begins when somebody can renew it.
        return try renewed(claim.id, of: claim.job)
    }

    private func tellKeys(_ id: JobID) async throws {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard let entry = entries[id], let machine = entry.machine,
            let builder = entry.record.job.builder, builder.state != .booting
        else { throw RunnerError(.gone, "There is no builder that could be told.") }
        let keys = entry.lifecycle.admittedKeys
        guard keys != entry.admission.told else { return }
        entries[id]?.admission.told = nil
        do {
            if try await machine.admit(keys: keys) {
                entries[id]?.admission.told = keys
            } else {
                apply(id) { lifecycle, _ in lifecycle.keysNotAdmitted() }
            }
        } catch {
            admitLater(id, because: error)
            throw error
        }
    }

    private func admitLater(_ id: JobID, because error: any Error) {
        guard let entry = entries[id], entry.machine != nil, entry.admission.again == nil else { return }
        logger.notice(
            "job \(id): the builder does not know whose keys to let in: \(String(reflecting: error))")
        let moment = timekeeper.now().addingTimeInterval(Self.patience)
        entries[id]?.admission.again = _Concurrency.Task { [weak self, timekeeper] in
            guard (try? await timekeeper.wait(moment)) != nil else { return }
            await self?.admitAgain(id)
        }
    }

    private func admitAgain(_ id: JobID) {
        entries[id]?.admission.again = nil
        admitKeys(id)
    }
}
