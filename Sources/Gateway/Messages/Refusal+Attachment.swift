import BuildAPI
import ServiceClient

/// What leads a machine to be refused, and people not to get into one, in words for the CI's log and for them.
extension Refusal {
    static func message(_ fault: AttachmentFault) -> Message {
        switch fault {
        case .newerProtocol(let number):
            return Message(
                .noBuilder, "This gateway is older than this sallyport-attach, and does not understand it.",
                "Use the one that the gateway hands out:", command: AttachBundleCommand.manual.name,
                cause: "protocol \(number) of sallyport-attach")
        case .silence:
            return Message(
                .tryAgain, "The machine did not say in time what it is.",
                cause: "no complete greeting of a machine")
        case .terminal:
            return Message(
                .usage, "Nobody types this: sallyport-attach does, without a terminal.",
                cause: "a verb of sallyport-attach with a terminal")
        case .endlessLine, .malformed, .repeated, .missing:
            return Message(
                .usage, "What sallyport-attach says is not understood: \(words(fault)).",
                cause: "a machine's greeting: \(words(fault))")
        }
    }

    /// The words are the protocol's own.
    private static func words(_ fault: AttachmentFault) -> String {
        switch fault {
        case .endlessLine: "a line is too long"
        case .malformed(let word): "the value of “\(word)” is not valid"
        case .repeated(let word): "there is more than one “\(word)”"
        case .missing(let word): "there is no “\(word)”"
        case .silence, .newerProtocol, .terminal: ""
        }
    }

    static func message(notResumed error: ServiceError) -> Message {
        switch error.code {
        case .noSuchJob, .builderGone, .conflict, .claimEnded:
            Message(
                .noBuilder, "The machine cannot come back: its job has ended, or is another machine's.",
                cause: "not resumed: \(error.debugDescription)")
        default: message(error, to: AttachCommand.manual.name)
        }
    }

    static func message(away job: JobID, cause: String) -> Message {
        Message(
            .tryAgain, "The machine of job \(job) is not connected at the moment.",
            "It has a few minutes to come back. \(Message.tryAgainInAMinute)", cause: cause)
    }

    static func message(machineLost job: JobID, cause: String) -> Message {
        Message(
            .noBuilder, "The connection of the machine of job \(job) was lost.",
            "It has a few minutes to come back. \(Message.sameCommandToReturn)", cause: cause)
    }
}
