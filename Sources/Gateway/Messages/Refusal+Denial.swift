import BuildAPI
import Policy
import Presentation

/// What the policy denies, in words for the person.
extension Refusal {
    /// - Parameters:
    ///   - principal: who asked; nil: unknown.
    ///   - key: by which they are known.
    static func message(_ denial: Denial, to principal: Principal?, by key: UsedKey?) -> Message {
        switch denial {
        case .unknownKey(let fingerprint):
            Message(
                .notPermitted, "Your key \(fingerprint) is unknown here.",
                "Add it to your account at the build service, or use another key: "
                    + (key?.isForProxy == true
                        ? "in ssh_config, IdentityFile FILE and IdentitiesOnly yes, for the gateway and for job-*."
                        : "ssh -o IdentitiesOnly=yes -i FILE …"),
                cause: "unknown key \(fingerprint)")
        case .suspended(let person):
            Message(
                .notPermitted, "Your account at the build service is suspended.",
                cause: "suspended person \(person.id)")
        case .inconsistent(let cause):
            Message(
                .misconfigured, "The build service gave an invalid answer.", Message.tellAdministrator,
                cause: cause)
        case .noSuchJob(let job): absent(job, "there is no job \(job)")
        // That a private job exists is private too.
        case .concealed(let job): absent(job.id, cause(job, principal))
        case .termsNotAccepted(let version):
            Message(
                .notPermitted, "Accept the terms of use first.", "To read them: accept-terms.",
                cause: "terms of use \(version) not accepted by "
                    + (principal.map { "\($0.person.name) (\($0.person.id))" } ?? "nobody"))
        case .ownersOnly(let job):
            Message(
                .notPermitted, "Job \(job.id) belongs to \(job.owner.printableName).",
                "Only its owner can do that.", cause: cause(job, principal))
        case .othersJob(let job):
            Message(
                .notPermitted,
                "Job \(job.id) belongs to \(job.owner.printableName), not to you "
                    + "(\(principal?.person.printableName ?? "a stranger")\(key.map { ", by the key \($0.fingerprint)" } ?? "")).",
                "Only its owner can let you in.", cause: cause(job, principal))
        }
    }

    private static func absent(_ identifier: JobID, _ cause: String) -> Message {
        Message(
            .noSuchJob, "There is no job \(identifier).",
            "To list your jobs, run ssh without a command.", cause: cause)
    }

    private static func cause(_ job: Job, _ principal: Principal?) -> String {
        let other = principal.map { ", not \($0.person.name)'s (\($0.person.id))" } ?? ""
        return "job \(job.id) is \(job.owner.name)'s (\(job.owner.id))\(other)"
    }
}
