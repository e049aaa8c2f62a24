import BuildAPI
import Requests

/// A job that `authorise` has let a person at, for one verb. Nothing else can make one, and without one no builder is
/// touched and no log is read.
struct Permit {
    let known: KnownPerson
    let job: Job
    let verb: Verb
    let standing: Standing

    var person: Person { known.person }
    var fingerprint: String { known.fingerprint }

    fileprivate init(_ known: KnownPerson, _ job: Job, _ verb: Verb, _ standing: Standing) {
        self.known = known
        self.job = job
        self.verb = verb
        self.standing = standing
    }
}

/// What `authorise` has let a person do that is about no job but themselves.
struct PersonalPermit {
    let known: KnownPerson

    var person: Person { known.person }

    fileprivate init(_ known: KnownPerson) {
        self.known = known
    }
}

/// What a job is to a person.
enum Standing: String, CaseIterable {
    /// Theirs.
    case owner
    /// Its owner lets them in.
    case shared
    /// They look after the service.
    case administrator
    case stranger

    init(of known: KnownPerson, to job: Job) {
        // Byte by byte, as the service tells them apart: text may be equal and have other bytes.
        func isSame(_ person: Person) -> Bool { person.id.utf8.elementsEqual(known.person.id.utf8) }
        self =
            if isSame(job.owner) {
                .owner
            } else if job.shares.contains(where: isSame) {
                .shared
            } else {
                known.isAdministrator ? .administrator : .stranger
            }
    }
}

/// What a verb asks for.
private enum Rule {
    /// About no job: everybody who is known, for themselves.
    case personal
    /// Goes into the job's builder.
    case enter
    /// Shows what the job does.
    case look
    /// Changes the job, or how long its builder lives.
    case change
    /// Changes who may do all this.
    case invite

    init(_ verb: Verb) {
        self =
            switch verb {
            case .connect, .proxy, .knownHosts, .sshConfig: .enter
            case .tail, .show: .look
            case .extend, .release, .hold, .unhold, .cancel: .change
            case .share, .unshare: .invite
            case .list, .submit, .keys, .whoami, .acceptTerms, .help, .version: .personal
            }
    }
}

extension Verb {
    /// Whether it is about no job.
    var isPersonal: Bool { Rule(self) == .personal }

    /// Whether it can be about no job.
    var mayBePersonal: Bool { isPersonal || self == .knownHosts || self == .sshConfig }
}

/// Decides, for every verb that is about no job, whether a person may do it.
func authorise(_ verb: Verb, for known: KnownPerson) throws(Refusal) -> PersonalPermit {
    guard verb.mayBePersonal else {
        throw Refusal(.usage, "The job is missing.", cause: "\(verb.rawValue) without a job")
    }
    return PersonalPermit(known)
}

/// Decides, for every verb that is about a job, whether a person may do it. What no rule allows is refused.
func authorise(_ verb: Verb, of identifier: JobID, _ job: Job?, for known: KnownPerson) throws(Refusal)
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

    let standing = Standing(of: known, to: job)
    switch (Rule(verb), standing) {
    case (.enter, .owner), (.enter, .shared), (.enter, .administrator):
        if let version = known.unacceptedTerms {
            throw Refusal(
                .notPermitted,
                "Before you enter a builder here you have to accept the terms of use: accept-terms shows them.",
                cause: "terms of use \(version) not accepted by \(person.name) (\(person.id))",
                remedy: .acceptTerms)
        }
        return Permit(known, job, verb, standing)
    case (.look, .owner), (.look, .shared), (.look, .administrator):
        return Permit(known, job, verb, standing)
    case (.look, .stranger) where job.visibility == .public:
        return Permit(known, job, verb, standing)
    case (.change, .owner), (.change, .administrator):
        return Permit(known, job, verb, standing)
    case (.invite, .owner):
        return Permit(known, job, verb, standing)
    default: break
    }

    let owner = job.owner.printableName
    let cause =
        "job \(identifier) is \(job.owner.name)'s (\(job.owner.id)), not \(person.name)'s (\(person.id))"
    guard standing == .stranger else {
        throw Refusal(
            .notPermitted, "Job \(identifier) belongs to \(owner), and only they can do that with it.",
            cause: cause)
    }
    // That a private job exists is private too.
    if job.visibility == .private { throw absent(identifier, cause) }
    throw Refusal(
        .notPermitted,
        "Job \(identifier) belongs to \(owner), not to you (\(person.printableName)). "
            + "Only its owner can let you in.",
        cause: cause)
}

private func absent(_ identifier: JobID, _ cause: String) -> Refusal {
    Refusal(
        .noSuchJob, "There is no job \(identifier). Without a command, ssh shows what there is for you.",
        cause: cause)
}
