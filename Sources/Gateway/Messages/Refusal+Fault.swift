import ServiceClient

extension Refusal {
    /// Whether the gateway or the build service is to blame, so that an administrator has to look at it. Everything else follows
    /// from a rule, from what the person has sent, or from how it is with the job and its builder.
    var isFault: Bool {
        switch self {
        case .service(let error), .serviceRefused(let error, _), .notClaimed(let error, _, verb: _),
            .notResumed(let error):
            error.isTransient && !error.namesQuota || message.status == .misconfigured
        case .noRoomForCommand, .eventsEnded, .serviceSilent: true
        default: message.status == .misconfigured
        }
    }

    /// Whether the service cannot find out who anybody is: see ``ServiceError/saysPeopleAreUnknown``.
    var isAboutUnknownPeople: Bool {
        if case .service(let error) = self { error.saysPeopleAreUnknown } else { false }
    }
}
