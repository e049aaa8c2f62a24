import BuildAPI
import FoundationEssentials
import ServiceClient

/// Whether the builder that the worker names still is that job's.
///
/// A worker forgets a job that has succeeded; any other stays as it was, with its port, until the worker is restarted,
/// and ports are used again. So what is over has to be told from the job's end itself.
struct BuilderLife {
    /// For so long the worker keeps the builder of a failed job that nobody claims.
    static let keptAfterFailure: TimeInterval = 600

    /// The end of the job's log; nil where it cannot be read.
    var logEnd: LogEnd?
    /// A session of this gateway has claimed the job: its builder then lives to the deadline.
    var isClaimed = false
    /// A session of this gateway has had the builder ended.
    var isTerminated = false

    /// Whether the log's end says more than the worker does.
    static func dependsOnLog(_ info: WorkerInfo, at now: Date) -> Bool {
        BuilderLife().state(of: info, at: now) == .kept && info.status == .failed
    }

    /// Nil: there is no builder (any more).
    func state(of info: WorkerInfo, at now: Date) -> Job.Builder.State? {
        guard info.deadline > now, !isTerminated else { return nil }
        switch info.status {
        case .pending, .queued: return nil
        case .running where !info.hasBooted: return .booting
        case .running: return info.task >= info.tasks ? .kept : .ready
        case .failed where info.hasBooted:
            return keptUntil(info) > now && logEnd?.isOver != true ? .kept : nil
        // A builder that never came up is not kept, nor one after success, a timeout or a cancellation.
        case .failed, .success, .timeout, .cancelled: return nil
        }
    }

    /// When the builder of a job whose tasks are over ends, if nobody claims it.
    func keptUntil(_ info: WorkerInfo) -> Date {
        guard info.status == .failed, !isClaimed, let end = logEnd?.lastWritten else { return info.deadline }
        return min(info.deadline, end.addingTimeInterval(Self.keptAfterFailure))
    }

    /// The status as API v1 has it: a job past its deadline does not run, whatever the worker says, nor does one whose
    /// phases are all over and that waits, with `shell: true`, for somebody to come.
    static func status(of info: WorkerInfo, at now: Date) -> Job.Status {
        if info.status.isFinal { return info.status }
        guard info.deadline > now else { return .timeout }
        return info.status == .running && info.hasBooted && info.task >= info.tasks ? .success : info.status
    }
}

extension WorkerInfo {
    fileprivate var hasBooted: Bool { port != 0 && tasks > 0 }
}
