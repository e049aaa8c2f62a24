public import BuildAPI
import FoundationEssentials

/// Who has entered a job's builder before its tasks had ended, in words.
public struct EarlyEntries {
    private let job: Job
    private let namesPeople: Bool

    /// - Parameter namesPeople: whether the reader may know who it was.
    public init(_ job: Job, namesPeople: Bool = true) {
        self.job = job
        self.namesPeople = namesPeople
    }

    /// `bob (administrator), 2026-11-21 10:00 UTC, by connect`, one for each entry that is known.
    public var lines: [String] {
        (job.entered ?? []).map { entry in
            "\(who(entry)), \(TimeLeft.moment(entry.since)), by \(entry.kind.door)"
        }
    }

    /// Why nobody gets the job's artifacts, in a clause; nil: that is not so.
    public var withholding: String? {
        guard job.withholdsArtifacts, let first = job.entered?.first else { return nil }
        let more = (job.entered ?? []).count - 1
        let others = more == 0 ? "" : more == 1 ? ", and one more entry" : ", and \(more) more entries"
        return
            "withheld: \(who(first)) came in at \(TimeLeft.moment(first.since)) by \(first.kind.door), before the tasks had ended\(others)"
    }

    private func who(_ entry: Job.EarlyEntry) -> String {
        guard namesPeople else { return "somebody" }
        return "\(entry.person.printableName) (\(HostileText.printable(entry.role.rawValue, limit: 20)))"
    }
}

extension Claim.Kind {
    /// What people enter by, at the gateway.
    public var door: String {
        switch self {
        case .shell: "connect"
        case .exec: "connect with a command"
        case .proxy: "their own ssh (proxy)"
        }
    }
}
