import BuildAPI
import FoundationEssentials
import Logging
import Provider

/// What a builder knows about the people inside.
struct Admission {
    /// Tells it, after everything that it was told before.
    var telling: _Concurrency.Task<Void, any Error>?
    /// What it knows; nil: unknown.
    var told: BuilderPeople?
    /// Whether its image can be told anything; nil: unknown.
    var isPossible: Bool?
    /// Tries again.
    var again: _Concurrency.Task<Void, Never>?
}

/// People's keys in builders, and what builders say of themselves.
extension LiveJob {
    /// Seconds until a failed list is sent again, because keys have to be removed too.
    private static let timeout = 10.0

    /// Tells the builder which keys to accept, and what to say: always everything, one list after the other. A list that
    /// has been replaced by a newer one is not sent.
    func tellPeople() {
        guard record.attachment == nil else { return }
        let before = admission.telling
        admission.telling = _Concurrency.Task { [weak self] in
            _ = await before?.result
            try await self?.sendPeople()
        }
    }

    /// Returns when the builder accepts the claim's key; otherwise takes the claim back.
    func admitted(_ claim: Claim) async throws(RunnerError) -> Claim {
        guard record.attachment == nil else { return claim }
        do {
            try await admission.telling?.value
        } catch {
            await apply { $0.released(claim.id, reason: .lost, at: $1) }
            guard record.job.builder != nil else { throw RunnerError(.gone, "The builder is gone.") }
            throw RunnerError(.unreachable, "The builder does not answer.")
        }
        // The lease begins when it can be renewed.
        guard let renewed = renew(claim.id) else { throw refusal(ofClaim: claim.id) }
        return renewed
    }

    private func sendPeople() async throws {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard let machine, let builder = record.job.builder, builder.state != .booting else {
            throw RunnerError(.gone, "There is no builder to add the key to.")
        }
        let now = timekeeper.now()
        let people = lifecycle.people(at: now)
        guard people != admission.told else { return }
        guard admission.isPossible != false || !people.keys.isEmpty else { return }
        admission.told = nil
        let left = record.job.deadline.map { max(0, Int($0.timeIntervalSince(now))) }
        do {
            let isPossible = try await machine.channel.tell(people, left: left)
            admission.isPossible = isPossible
            if isPossible {
                admission.told = people
            } else {
                await apply { lifecycle, _ in lifecycle.keysNotAdmitted() }
            }
        } catch {
            admitLater(because: error)
            throw error
        }
    }

    private func admitLater(because error: any Error) {
        guard machine != nil, admission.again == nil else { return }
        logger.notice(
            "job \(id): the builder did not get the list of keys: \(String(reflecting: error))")
        let moment = timekeeper.now().addingTimeInterval(Self.timeout)
        admission.again = _Concurrency.Task { [weak self, timekeeper] in
            guard (try? await timekeeper.wait(moment)) != nil else { return }
            await self?.admitAgain()
        }
    }

    private func admitAgain() {
        admission.again = nil
        tellPeople()
    }
}
