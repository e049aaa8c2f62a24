import BuildAPI
import FoundationEssentials
import ServiceClient

/// Whether the builder that the worker names still belongs to that job.
///
/// A worker forgets a job that has succeeded. It keeps any other job, with its port, until the worker is restarted,
/// and ports are reused. So whether a builder is gone has to be derived from how and when the job ended.
struct BuilderLife {
    /// How long the worker keeps the builder of a failed job that nobody claims.
    static let keptAfterFailure: TimeInterval = 600

    /// The end of the job's log; nil if it cannot be read.
    var logEnd: LogEnd?
    /// Whether a session of this gateway has claimed the job, whose builder then lives until the deadline.
    var isClaimed = false
    /// Whether a session of this gateway has ended the builder.
    var isTerminated = false

    /// Whether the end of the log is needed to decide.
    static func dependsOnLog(_ info: WorkerInfo, at now: Date) -> Bool {
        BuilderLife().state(of: info, at: now) == .kept && info.status == .failed
    }

    /// Nil: there is no builder, or it is gone.
    func state(of info: WorkerInfo, at now: Date) -> Job.Builder.State? {
        guard info.deadline > now, !isTerminated else { return nil }
        switch info.status {
        case .pending, .queued: return nil
        case .running where !info.hasBooted: return .booting
        case .running: return info.task >= info.tasks ? .kept : .ready
        case .failed where info.hasBooted:
            return keptUntil(info) > now && logEnd?.isOver != true ? .kept : nil
        // A builder is not kept if it never came up, or after success, a timeout or a cancellation.
        case .failed, .success, .timeout, .cancelled: return nil
        }
    }

    /// When the builder ends, after the tasks have ended, if nobody claims it.
    func keptUntil(_ info: WorkerInfo) -> Date {
        guard info.status == .failed, !isClaimed, let end = logEnd?.lastWritten else { return info.deadline }
        return min(info.deadline, end.addingTimeInterval(Self.keptAfterFailure))
    }

    /// The status as in API v1: a job past its deadline is not running, whatever the worker says, and neither is a job
    /// whose phases have all ended and that waits, with `shell: true`, for someone to enter.
    static func status(of info: WorkerInfo, at now: Date) -> Job.Status {
        if info.status.isFinal { return info.status }
        guard info.deadline > now else { return .timeout }
        return info.status == .running && info.hasBooted && info.task >= info.tasks ? .success : info.status
    }
}

extension WorkerInfo {
    fileprivate var hasBooted: Bool { port != 0 && tasks > 0 }
}
