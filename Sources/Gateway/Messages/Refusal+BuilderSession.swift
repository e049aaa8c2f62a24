import BuildAPI
import FoundationEssentials
import Presentation
import SSHClient
import ServiceClient

/// How a session on a builder ended, or why it did not begin, in words for the person.
extension Refusal {
    static func message(ended job: Job) -> Message {
        guard !job.hasNotRun else {
            return Message(
                .noBuilder, job.spokenFault, Message.tellAdministrator,
                cause: "job \(job.id): no builder (\(Job.BuilderEnd.Reason.fault.rawValue))"
            )
        }
        let time = job.tasks.compactMap(\.ended).max().map { " at \($0.formatted(.iso8601))" } ?? ""
        // Other reasons follow from how the job ended, or from the time.
        let isUnexpected = [.notKept, .limit].contains(job.builderEnd?.reason)
        let reason = isUnexpected ? job.builderEnd?.spoken.map { ": \($0)" } ?? "" : ""
        return Message(
            .noBuilder, "Job \(job.id) \(job.status.spoken)\(time) and its builder is gone\(reason).",
            logIsLeft,
            command: tail(job.id), cause: "job \(job.id) is \(job.status.rawValue) and has no builder")
    }

    static func message(_ error: SSHClientError, wasInside: Bool) -> Message {
        switch error.code {
        case .hostKeyMismatch, .misconfigured, .authenticationFailed:
            Message(
                .misconfigured, sentence(error.code), Message.tellAdministrator, cause: error.debugDescription
            )
        case .noTerminal:
            Message(.noBuilder, sentence(error.code), "Leave out -t.", cause: error.debugDescription)
        case .overrun, .elsewhere:
            Message(
                .noBuilder, sentence(error.code), Message.tellAdministrator, cause: error.debugDescription)
        case .keyNotAccepted:
            Message(.noBuilder, sentence(error.code), "Use connect instead.", cause: error.debugDescription)
        case .crowded:
            Message(
                .tryAgain, sentence(error.code), Message.tryAgainInAMinute, cause: error.debugDescription)
        case .unreachable, .timedOut, .refused, .lost:
            Message(
                .noBuilder, sentence(error.code),
                wasInside ? Message.sameCommandIfAlive : Message.tryAgainInAMinute,
                cause: error.debugDescription)
        }
    }

    /// It names no address.
    private static func sentence(_ code: SSHClientError.Code) -> String {
        switch code {
        case .unreachable: "The builder cannot be reached."
        case .elsewhere: "The builder can only be entered through a gateway on its own host."
        case .timedOut: "The builder does not answer."
        case .hostKeyMismatch: "The builder's host key is not that of this job's machine."
        case .authenticationFailed: "The builder refuses the gateway's login."
        case .refused: "The builder refused to start the session."
        case .noTerminal: "The builder gives no terminal."
        case .keyNotAccepted: "The builder does not accept your key."
        case .crowded: "There is no room for another session in this machine."
        case .lost: "The connection to the builder was lost."
        case .overrun: "The builder sent more than it is allowed to, so the session has been ended."
        case .misconfigured: "The gateway cannot log in to builders."
        }
    }

    /// While the builder is alive, as far as is known.
    static func message(_ loss: Loss, _ job: JobID) -> Message {
        switch loss {
        case .connection(let error): message(error, wasInside: true)
        case .channelClosed: Message(.noBuilder, sentence(loss, job), cause: cause(loss))
        case .claim: Message(.noBuilder, sentence(loss, job), cause: cause(loss))
        }
    }

    static func message(builderEnded job: Job, _ loss: Loss?) -> Message {
        guard !job.hasNotRun else { return message(ended: job) }
        let end = job.builderEnd.map { " (\($0.reason.rawValue))" } ?? ""
        let causes = [loss.map(cause), "the builder has ended\(end)"].compactMap(\.self)
        let cause = causes.joined(separator: "; ")
        if let reason = job.builderEnd?.spoken {
            return Message(
                .noBuilder, "The builder of job \(job.id) has ended: \(reason).", logIsLeft,
                command: tail(job.id), cause: cause)
        }
        switch loss {
        case .channelClosed?:
            return Message(.noBuilder, "\(sentence(.channelClosed, job.id)) It has ended.", cause: cause)
        case let loss?:
            return Message(.noBuilder, "\(sentence(loss, job.id)) The builder has ended.", cause: cause)
        case nil:
            return Message(
                .noBuilder, "The builder of job \(job.id) has ended.", logIsLeft, command: tail(job.id),
                cause: cause)
        }
    }

    private static func sentence(_ loss: Loss, _ job: JobID) -> String {
        switch loss {
        case .connection(let error): sentence(error.code)
        case .channelClosed: "The builder of job \(job) closed the session."
        case .claim: "The build service has ended this session."
        }
    }

    private static func cause(_ loss: Loss) -> String {
        switch loss {
        case .connection(let error): error.debugDescription
        case .channelClosed: "the channel was closed without an exit status"
        case .claim(let error): cause(noClaim: error)
        }
    }

    private static let logIsLeft = "Its log, if there is one:"

    private static func tail(_ job: JobID) -> String { "\(TailCommand.manual.name) \(job)" }
}
