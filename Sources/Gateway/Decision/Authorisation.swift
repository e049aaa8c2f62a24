import BuildService
import Requests

/// A job that `authorise` has let a person at, for one verb. Nothing else can make one, and without one no builder is
/// touched and no log is read.
struct Permit {
    let person: Person
    let fingerprint: String
    let job: Job
    let verb: JobVerb

    fileprivate init(person: Person, fingerprint: String, job: Job, verb: JobVerb) {
        self.person = person
        self.fingerprint = fingerprint
        self.job = job
        self.verb = verb
    }
}

/// The verbs that are about one job.
enum JobVerb: String, CaseIterable {
    case connect, tail
}

/// Who this is, as the build service says: somebody known and not suspended.
struct KnownPerson {
    let person: Person
    let fingerprint: String

    fileprivate init(person: Person, fingerprint: String) {
        self.person = person
        self.fingerprint = fingerprint
    }
}

/// Decides whether the owner of a key may do anything at all.
///
/// - Parameter key: what the service knows about the key with this fingerprint.
func identify(_ key: Key?, fingerprint: String) throws(Refusal) -> KnownPerson {
    guard let key else {
        throw Refusal(
            .notPermitted,
            "Your key \(fingerprint) is not known here. Add it to your account at the build service, "
                + "or offer another one with ssh -i.",
            cause: "unknown key \(fingerprint)")
    }
    guard key.fingerprint == fingerprint else {
        throw Refusal(
            .misconfigured,
            "The build service gave an answer that makes no sense. Please tell the administrator.",
            cause: "asked for \(fingerprint), the service answered about \(key.fingerprint)")
    }
    guard !key.suspended else {
        throw Refusal(
            .notPermitted, "Your account at the build service is suspended.",
            cause: "suspended person \(key.owner.id)")
    }
    return KnownPerson(person: key.owner, fingerprint: fingerprint)
}

/// Decides, for every verb, whether a person may do it with a job. What no rule allows is refused.
func authorise(_ verb: JobVerb, of identifier: JobID, _ job: Job?, for known: KnownPerson) throws(Refusal)
    -> Permit
{
    let person = known.person
    guard let job else { throw absent(identifier, "there is no job \(identifier)") }
    guard job.id == identifier else {
        throw Refusal(
            .misconfigured,
            "The build service gave an answer that makes no sense. Please tell the administrator.",
            cause: "asked for job \(identifier), the service answered about \(job.id)")
    }

    let isInvited = job.owner.id == person.id || job.shares.contains { $0.id == person.id }
    switch verb {
    case .connect where isInvited, .tail where isInvited || job.visibility == .public:
        return Permit(person: person, fingerprint: known.fingerprint, job: job, verb: verb)
    default: break
    }

    let cause =
        "job \(identifier) is \(job.owner.name)'s (\(job.owner.id)), not \(person.name)'s (\(person.id))"
    // That a private job exists is private too.
    if job.visibility == .private { throw absent(identifier, cause) }
    throw Refusal(
        .notPermitted,
        "Job \(identifier) belongs to \(HostileText.printable(job.owner.name, limit: 64)), not to you "
            + "(\(HostileText.printable(person.name, limit: 64))). Only its owner can let you in.",
        cause: cause)
}

private func absent(_ identifier: JobID, _ cause: String) -> Refusal {
    Refusal(
        .noSuchJob, "There is no job \(identifier). Without a command, ssh shows what there is for you.",
        cause: cause)
}
