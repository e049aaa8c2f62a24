import BuildAPI
import Presentation
import ServiceClient

/// What the build service did not do, in words for the person.
extension Refusal {
    /// The service has been asked whose the session's key is, and has not said it.
    static func notIdentified(_ error: ServiceError) -> Refusal {
        error.code == .conflict ? .keyOfTwoPeople(error) : .service(error)
    }

    static func message(_ error: ServiceError) -> Message {
        guard error.code != .suspended else { return suspended(cause: error.debugDescription) }
        // The person can change something about it.
        if error.namesQuota, let detail = error.problem?.detail {
            return Message(
                .tryAgain, HostileText.printable(detail, limit: 400), cause: error.debugDescription)
        }
        return Message(
            error.isTransient ? .tryAgain : .misconfigured, "\(error)", error.advice,
            cause: error.debugDescription)
    }

    /// The service's own words, if it has refused what this person wants.
    static func message(_ error: ServiceError, to verb: String) -> Message {
        let status: ExitStatus
        switch error.code {
        case .notOffered: return Refusal.notOffered("“\(verb)”").message
        case .badInput: status = .badInput
        case .notPermitted, .termsChanged: status = .notPermitted
        case .conflict, .notReady, .builderGone, .claimEnded: status = .noBuilder
        case .tooMany: status = .tryAgain
        default: return message(error)
        }
        if let faults = error.problem?.faults, faults.count > 1 {
            return Message(
                status, "The manifest has several faults; no job was submitted.",
                list: faults.map { HostileText.printable($0.detail, limit: 400) },
                cause: error.debugDescription)
        }
        guard let detail = error.problem?.detail else { return message(error) }
        return Message(status, HostileText.printable(detail, limit: 400), cause: error.debugDescription)
    }

    static func message(noClaim error: ServiceError, _ job: JobID, verb: String) -> Message {
        switch error.code {
        case .builderGone, .noSuchJob:
            Message(.noBuilder, "The builder of job \(job) is gone.", cause: error.debugDescription)
        // The service says which limit has been reached.
        case .tooMany: message(error, to: verb)
        case .termsChanged:
            Message(
                .notPermitted, "The terms of use have just changed.", Message.sameCommandAgain,
                cause: error.debugDescription)
        case .notPermitted:
            Message(
                .notPermitted, "The build service refuses to let you enter job \(job).",
                cause: error.debugDescription)
        case .notReady:
            Message(
                .tryAgain, "The builder of job \(job) is not ready.", Message.tryAgainInAMinute,
                cause: error.debugDescription)
        default: message(error)
        }
    }

    /// There are others, or none.
    static func message(noArtifact name: String, of job: JobID, _ names: [String]) -> Message {
        let shown = HostileText.printable(name, limit: 120)
        let nearest = NearestWord.find(name, among: names).map { HostileText.printable($0, limit: 120) }
        return Message(
            .noSuchJob, "Job \(job) has no artifact \(shown).",
            nearest.map { "There is \($0)." } ?? "artifacts \(job) lists them.",
            cause: "job \(job) has no artifact \(shown)")
    }

    /// For the log.
    static func cause(noClaim error: ServiceError) -> String {
        "the claim has ended: \(error.debugDescription)"
    }
}
