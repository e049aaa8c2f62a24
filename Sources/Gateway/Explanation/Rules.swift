import BuildAPI
import Policy

// The rules of docs/authorisation.md, in words.

extension AuthorizedCommand {
    /// The rule that allows it.
    var rule: String {
        switch self {
        case .job(let command, let permit):
            "`\(type(of: command).manual.name)` is allowed to \(permit.standing.words)"
        case .personal: "this is allowed to everyone whose key is known"
        case .confirmation: "a pending key opens `keys confirm`, and nothing else"
        case .pairing:
            "a key that opens nothing else can bring a machine that is nobody's until somebody adopts it"
        }
    }
}

extension Standing {
    /// Those who have it.
    fileprivate var words: String {
        switch self {
        case .owner: "the job's owner"
        case .member: "the members of the group that the job belongs to"
        case .shared: "those with whom the job is shared"
        case .administrator: "administrators"
        case .stranger: "everyone, because the job is public"
        }
    }
}

extension Refusal {
    /// The rule that refuses or, where no rule of the policy does, what is missing.
    var rule: String {
        guard case .denied(let denial, _, _) = self else { return message.cause }
        return denial.rule
    }
}

extension Denial {
    fileprivate var rule: String {
        switch self {
        case .unknownKey: "a key that the build service does not know opens nothing"
        case .unconfirmedKey: "a pending key opens `keys confirm`, and nothing else"
        case .attachingOnly: "a key that is limited to attaching machines opens nothing else"
        case .pairingOnly: "a key that is limited to pairing opens nothing else"
        case .suspended: "a suspended person has no rights"
        case .noSuchJob: "the build service knows no such job"
        case .inconsistent(let cause): "what answers another question is not used: \(cause)"
        case .termsNotAccepted(let version):
            "nobody enters a builder before they have accepted the terms of use, version \(version)"
        case .ownersOnly: "this is for the job's owner and, with a group's job, for the group's members"
        case .othersJob:
            "the job is someone else's, it is not shared with this person, and they are no administrator"
        case .concealed:
            "the job is someone else's and private: to others, it looks as if it did not exist"
        }
    }
}

extension Job.Builder {
    /// Where its SSH server is.
    var place: String {
        switch endpoint {
        case .address(let address, let port): "\(address), port \(port)"
        case .socket(let path): path
        }
    }
}
