public import BuildAPI

extension Job.Status {
    /// How the job ended, or that it has not ended.
    public var spoken: String {
        switch self {
        case .success: "succeeded"
        case .failed: "failed"
        case .timeout: "ran out of time"
        case .cancelled: "was cancelled"
        case .pending, .queued, .running: "has not ended"
        }
    }
}

extension Job {
    /// Whether the build service could not start a builder for it, so that the build has not run.
    public var hasNotRun: Bool { status.isFinal && builder == nil && builderEnd?.reason == .fault }

    /// A sentence for a job that has not run.
    public var spokenFault: String {
        "The build service could not start the builder of job \(id), so the build has not run."
    }
}

extension Job.Task {
    /// `exit status 137: the builder ran out of memory`; nil if the task has no exit status.
    public var spokenExit: String? {
        exitStatus.map { "exit status \($0)" + (shortage?.spoken.map { ": \($0)" } ?? "") }
    }
}

extension Job.Task.Shortage {
    /// Nil for a word that a later version has added.
    var spoken: String? {
        switch self {
        case .memory: "the builder ran out of memory"
        case .disk: "the builder's disk was full"
        default: nil
        }
    }
}

extension Job.BuilderEnd {
    /// Why the builder ended; nil if there is nothing to say but that it has ended.
    public var spoken: String? {
        let person = by?.printableName
        return switch reason {
        case .released: person.map { "\($0) has released it" } ?? "it was released"
        case .left: "its CI has ended it"
        case .deadline: "its time was up"
        case .kept: "nobody entered it in time"
        case .logout: "the last shell logged out"
        case .cancelled: person.map { "\($0) has cancelled the job" } ?? "the job was cancelled"
        case .timeout: "the job ran out of time"
        case .success: "the job succeeded, and nothing kept it"
        case .notKept: "the job was to keep no machine"
        case .limit: "its owner had as many kept machines as one owner can have"
        case .fault: "the build service could not start it"
        default: nil
        }
    }
}

extension Person {
    public var printableName: String { HostileText.printable(name, limit: 64) }
}

extension Party {
    public var printableName: String { HostileText.printable(name, limit: 64) }
}
