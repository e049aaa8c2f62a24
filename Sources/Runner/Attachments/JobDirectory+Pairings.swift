import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging
import Policy

/// Machines that are nobody's until somebody adopts them, for the API.
extension JobDirectory {
    func pair(_ new: NewAttachment) async throws(RunnerError) -> Pairing {
        try requirePairing()
        let machine = try NewMachine(new)
        let fingerprint = machine.key.fingerprint
        try await refuseAttachKey(fingerprint)
        let key = try await context.people.key(fingerprint)
        let now = timekeeper.now()
        try Attacher.checkPairing(key, fingerprint: fingerprint, from: machine.from, at: now)
        let entry = try pairings.add(machine, until: try until(of: machine), at: now)
        logger.info("a machine waits for somebody to adopt it: from \(machine.from), key \(fingerprint)")
        return pairing(entry, code: entry.code.text)
    }

    /// The gateway asks whether somebody has adopted the machine. Runners that start know of those only.
    func renewPairing(_ id: String) async throws(RunnerError) -> Pairing {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard let job = attachedJobs[id] else {
            return pairing(try pairings.renew(id, at: timekeeper.now()))
        }
        let attachment = try await with(job) { job throws(RunnerError) in
            try await job.handOver(attachment: id)
        }
        return Pairing(
            id: id, expires: timekeeper.wallClock(), lease: pairings.lease, attachment: attachment)
    }

    /// The machine has left, whoever has it.
    func endPairing(_ id: String) async throws(RunnerError) {
        pairings.remove(id)
        guard let job = attachedJobs[id] else { return }
        try await with(job) { job throws(RunnerError) in try await job.endAttachment(id, .bye) }
    }

    /// Somebody enters a code, and has the machine.
    func adopt(_ adoption: Adoption) async throws(RunnerError) -> Job {
        try requirePairing()
        let fingerprint = try NewMachine.key(adoption.key).fingerprint
        let key = try await context.people.key(fingerprint)
        let principal = try deciding { () throws(Denial) in
            try Principal.identify(key, fingerprint: fingerprint)
        }
        if let version = principal.unacceptedTerms {
            throw RunnerError(Denial.termsNotAccepted(version: version))
        }
        let person = principal.person
        let entry: PairingDesk.Entry
        do throws(RunnerError) {
            entry = try pairings.take(adoption.code, by: person, at: timekeeper.now())
        } catch {
            let what = error.code == .notFound ? "a wrong code" : "a code after too many wrong ones"
            logger.notice("\(person.name) has entered \(what) of a machine")
            throw error
        }
        do throws(RunnerError) {
            try countSubmission(of: .person(person))
            var machine = entry.machine
            machine.name = freeName(like: machine.name, of: person)
            let attacher = Attacher(adopting: machine.key.fingerprint, by: person)
            let job = try await addJob(of: machine, as: entry.id, for: attacher, until: entry.until).job
            guard pairings.settle(entry.id, isTheirs: true, at: timekeeper.now()) else {
                // Its gateway has ended the job, if it came late enough to find it.
                _ = try? await with(job.id) { job throws(RunnerError) in
                    try await job.endAttachment(entry.id, .bye)
                }
                throw Self.justLeft
            }
            return job
        } catch {
            guard pairings.settle(entry.id, isTheirs: false, at: timekeeper.now()) else {
                throw Self.justLeft
            }
            throw error
        }
    }

    /// While its job was being stored.
    private static var justLeft: RunnerError {
        RunnerError(.gone, "The machine has just left, so nobody can enter it any more.")
    }

    private func requirePairing() throws(RunnerError) {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        guard settings.limits.pairing, settings.limits.attachments > 0 else {
            throw RunnerError(.forbidden, "This service has no machines that somebody can adopt by a code.")
        }
    }

    private func pairing(_ entry: PairingDesk.Entry, code: String? = nil) -> Pairing {
        Pairing(
            id: entry.id, code: code, expires: timekeeper.wallTime(of: entry.expires), lease: pairings.lease)
    }

    /// Nil: all are taken, and the job has its number.
    private func freeName(like name: String?, of person: Person) -> String? {
        let taken = attachedMachines + arriving
        let names = name.flatMap { JobName($0) }?.alternatives ?? []
        return names.map(\.description).first { name in
            !taken.contains { $0.owner.isSame(as: person) && $0.name == name }
        }
    }
}
