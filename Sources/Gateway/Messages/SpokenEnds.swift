import BuildAPI
import Presentation

extension Job.Status {
    /// How the job has ended, or that it has not.
    var spoken: String {
        switch self {
        case .success: "ended with success"
        case .failed: "failed"
        case .timeout: "ran out of time"
        case .cancelled: "was cancelled"
        case .pending, .queued, .running: "has not ended"
        }
    }
}

extension Job.BuilderEnd {
    /// Why the builder has ended; nil where there is nothing to say but that it has.
    var spoken: String? {
        let somebody = by?.printableName
        return switch reason {
        case .released: somebody.map { "\($0) has released it" } ?? "it was released"
        case .deadline: "its time was over"
        case .kept: "nobody was inside for too long"
        case .logout: "the last shell there was logged out of"
        case .cancelled: somebody.map { "\($0) has cancelled the job" } ?? "the job was cancelled"
        case .timeout: "the job ran out of time"
        case .success: "the job ended with success, and nothing kept it"
        default: nil
        }
    }
}

extension Person {
    var printableName: String { HostileText.printable(name, limit: 64) }
}
