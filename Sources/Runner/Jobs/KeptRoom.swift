import BuildAPI
import ConfigurationFile

/// Whether an owner can have one more kept builder.
enum KeptRoom: Equatable, Sendable {
    case free
    /// They have that many, and no more can be kept for them; some by name.
    case full(Int, named: [JobID])
    /// The builder of that job, which nobody needs, ends for it; whether the job's log can name it.
    case instead(of: JobID, isNamed: Bool)

    /// - Parameters:
    ///   - job: the one whose builder could be kept. Its log tells others of no private job.
    ///   - kept: its owner's kept builders.
    init(for job: Job, among kept: [Job], limit: Int, whenFull: Configuration.Runner.KeptFull) {
        guard kept.count >= limit else {
            self = .free
            return
        }
        let idle = kept.filter { $0.sessions.isEmpty && !$0.held }.map(\.id).inOrder
        let named = kept.named(in: job)
        switch (whenFull, idle.first) {
        case (.oldest, let oldest?): self = .instead(of: oldest, isNamed: named.contains(oldest))
        default: self = .full(kept.count, named: named)
        }
    }
}
