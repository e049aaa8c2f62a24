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
                needsHelp: true, cause: "unknown key \(fingerprint)")
        case .unconfirmedKey(let fingerprint):
            Message(
                .notPermitted, "Your key \(fingerprint) is pending: it is yours when you have confirmed it.",
                "If you have not added it, use another one: ssh -o IdentitiesOnly=yes -i FILE … "
                    + "Otherwise enter the word that keys add has printed, with this key:",
                command: "\(KeysCommand.manual.name) confirm WORD", cause: "unconfirmed key \(fingerprint)")
        case .attachingOnly(let fingerprint):
            Message(
                .notPermitted, "All that your key \(fingerprint) is good for is attaching a machine.",
                "For everything else, use another key: ssh -o IdentitiesOnly=yes -i FILE …",
                cause: "key \(fingerprint) is limited to attaching")
        case .pairingOnly(let fingerprint):
            Message(
                .notPermitted,
                "All that your key \(fingerprint) is good for is sallyport-attach --pair, in a job of a CI.",
                "For everything else, use another key: ssh -o IdentitiesOnly=yes -i FILE …",
                cause: "key \(fingerprint) is limited to pairing")
        case .suspended(let person): suspended(cause: "suspended \(person.record)")
        case .inconsistent(let cause):
            Message(
                .misconfigured, "The build service gave an invalid answer.", Message.tellAdministrator,
                cause: cause)
        case .noSuchJob(let job): absent(job, "there is no job \(job)")
        // That a private job exists is private too.
        case .concealed(let job): absent(job.id, cause(job, principal))
        case .termsNotAccepted(let version):
            Message(
                .notPermitted, "Accept the terms of use first.", "To read them:",
                command: AcceptTermsCommand.manual.name,
                cause: "terms of use \(version) not accepted by "
                    + (principal.map { "\($0.person.name) (\($0.person.id))" } ?? "nobody"))
        case .ownersOnly(let job):
            Message(
                .notPermitted, others(job, principal, key), "Only \(owners(of: job)) can do that.",
                cause: cause(job, principal))
        case .othersJob(let job):
            Message(
                .notPermitted, others(job, principal, key), "Only \(owners(of: job)) can let you in.",
                cause: cause(job, principal))
        }
    }

    /// What a person hears who has lost their access in the middle of a command.
    static func message(revoked denial: Denial, _ job: JobID) -> Message {
        let cause = message(denial, to: nil, by: nil).cause
        return switch denial {
        case .suspended: suspended("This session has ended.", cause: "revoked: \(cause)")
        case .unknownKey(let fingerprint):
            Message(
                .notPermitted, "This session has ended: your key \(fingerprint) is no longer known here.",
                cause: "revoked: \(cause)")
        default: noLongerOpen(job, cause: "revoked: \(cause)")
        }
    }

    /// Whether the policy says so, or the build service.
    static func noLongerOpen(_ job: JobID, cause: String) -> Message {
        Message(
            .notPermitted, "This session has ended: job \(job) is no longer open to you.", cause: cause)
    }

    /// Whether it was known when the session began, or is found out later.
    static func suspended(_ remedy: String? = nil, cause: String) -> Message {
        Message(
            .notPermitted, "Your account at the build service is suspended.", remedy, needsHelp: true,
            cause: cause)
    }

    private static func owners(of job: Job) -> String {
        if case .group = job.owner { "people in that group" } else { "its owner" }
    }

    /// The key says why they are someone else than they think.
    private static func others(_ job: Job, _ principal: Principal?, _ key: UsedKey?) -> String {
        let name = principal?.person.printableName ?? "a stranger"
        return "Job \(job.id) belongs to \(job.owner.printableName), not to you "
            + "(\(name)\(key.map { ", by the key \($0.fingerprint)" } ?? ""))."
    }

    private static func absent(_ identifier: JobID, _ cause: String) -> Message {
        Message(
            .noSuchJob, "There is no job \(identifier).", "To list your jobs:",
            command: ListCommand.manual.name, cause: cause)
    }

    private static func cause(_ job: Job, _ principal: Principal?) -> String {
        let other = principal.map { ", not \($0.person.name)'s (\($0.person.id))" } ?? ""
        return "job \(job.id) is \(job.owner.name)'s (\(job.owner.id))\(other)"
    }
}
