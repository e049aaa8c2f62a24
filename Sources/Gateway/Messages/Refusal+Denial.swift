import BuildAPI
import Policy

/// What the policy denies, in words for whoever has asked.
extension Refusal {
    /// - Parameter principal: who has asked; nil: nobody who is known.
    static func message(_ denial: Denial, to principal: Principal?) -> Message {
        switch denial {
        case .unknownKey(let fingerprint):
            Message(
                .notPermitted, "Your key \(fingerprint) is not known here.",
                "Add it to your account at the build service, or offer another one with ssh -i.",
                cause: "unknown key \(fingerprint)")
        case .suspended(let person):
            Message(
                .notPermitted, "Your account at the build service is suspended.",
                cause: "suspended person \(person.id)")
        case .inconsistent(let cause):
            Message(
                .misconfigured, "The build service gave an answer that makes no sense.",
                Message.tellAdministrator, cause: cause)
        case .noSuchJob(let job): absent(job, "there is no job \(job)")
        // That a private job exists is private too.
        case .concealed(let job): absent(job.id, cause(job, principal))
        case .termsNotAccepted(let version):
            Message(
                .notPermitted,
                "Before you enter a builder here you have to accept the terms of use: accept-terms shows them.",
                cause: "terms of use \(version) not accepted by "
                    + (principal.map { "\($0.person.name) (\($0.person.id))" } ?? "nobody"))
        case .ownersOnly(let job):
            Message(
                .notPermitted,
                "Job \(job.id) belongs to \(job.owner.printableName), and only they can do that with it.",
                cause: cause(job, principal))
        case .othersJob(let job):
            Message(
                .notPermitted,
                "Job \(job.id) belongs to \(job.owner.printableName), not to you "
                    + "(\(principal?.person.printableName ?? "a stranger")).",
                "Only its owner can let you in.", cause: cause(job, principal))
        }
    }

    private static func absent(_ identifier: JobID, _ cause: String) -> Message {
        Message(
            .noSuchJob, "There is no job \(identifier).",
            "Without a command, ssh shows what there is for you.", cause: cause)
    }

    private static func cause(_ job: Job, _ principal: Principal?) -> String {
        let other = principal.map { ", not \($0.person.name)'s (\($0.person.id))" } ?? ""
        return "job \(job.id) is \(job.owner.name)'s (\(job.owner.id))\(other)"
    }
}
