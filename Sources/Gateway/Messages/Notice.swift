import BuildAPI
import Presentation

/// What a session on a builder prints without ending.
enum Notice: Equatable {
    /// The tasks are running, and their log is shown.
    case stillRunning(JobID)
    case queued(JobID)
    /// The service says why there is no builder yet.
    case waits(String)
    case booting(JobID)
    /// The service does not keep the builder for this session.
    case unclaimed
    /// It has not answered for a while, which must not last.
    case serviceSilent(for: Duration, endsIn: Duration)

    var text: String {
        switch self {
        case .stillRunning(let job):
            "Job \(job) is still running. Your session will start when its tasks have ended."
        case .queued(let job): "Job \(job) is queued. Waiting for a builder."
        case .waits(let sentence): sentence
        case .booting(let job): "The builder of job \(job) is booting."
        case .unclaimed:
            "The build service does not answer. You can continue, but until it answers again, nothing keeps the "
                + "builder from ending."
        case .serviceSilent(let silence, let rest):
            "The build service has not answered for \(SpokenDuration.words(silence)). If it stays silent, this "
                + "session ends in \(SpokenDuration.words(rest))."
        }
    }
}
