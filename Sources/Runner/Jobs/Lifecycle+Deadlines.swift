import BuildAPI
import FoundationEssentials

/// When builders end by themselves.
extension Lifecycle {
    /// When the tasks must have ended.
    var timeout: Date? { record.builderStarted?.addingTimeInterval(Double(record.manifest.timeout)) }

    /// When a kept builder ends if nothing else happens, and why.
    var due: (moment: Date, reason: Job.BuilderEnd.Reason)? {
        guard let builder = record.job.builder, record.job.status.isFinal else { return nil }
        if record.claims.isEmpty, let until = builder.keptUntil {
            return (until, until == end ? .deadline : .kept)
        }
        return end.map { ($0, .deadline) }
    }

    /// When a kept builder ends, whoever is inside.
    private var end: Date? { record.lifetime?.end ?? record.job.maxDeadline }

    /// Somebody is inside a kept builder. The first one sets its deadline.
    mutating func enter(at now: Date) {
        guard record.lifetime?.isEntered != true else { return }
        promise(until: now.addingTimeInterval(Double(times.life)))
        record.lifetime?.isEntered = true
    }

    /// The builder's end is not earlier than that, as far as max_life allows.
    mutating func promise(until moment: Date) {
        let end = min(moment, record.job.maxDeadline ?? moment)
        var lifetime = record.lifetime ?? Lifetime(end: end)
        lifetime.end = max(lifetime.end, end)
        record.lifetime = lifetime
    }

    /// Starts the keep-time; it counts only while nobody is inside. One that is held, or whose deadline somebody has
    /// moved, is kept until its deadline.
    mutating func keepAnew(at now: Date) -> [Effect] {
        let until = now.addingTimeInterval(Double(times.keep))
        let stays = record.lifetime != nil && (record.job.held || record.lifetime?.isExtended == true)
        let kept = stays ? end : min(until, end ?? until)
        record.job.builder?.keptUntil = kept
        return updateDeadline()
    }

    /// The job's deadline is when the builder will end if nothing else happens: while the tasks run, at their timeout.
    mutating func updateDeadline() -> [Effect] {
        let deadline: Date? =
            if record.job.builder == nil {
                nil
            } else {
                record.job.status.isFinal ? due?.moment : timeout
            }
        let latest = record.job.maxDeadline
        let bounded = deadline.map { min($0, latest ?? $0) }
        guard bounded != record.job.deadline else { return [] }
        record.job.deadline = bounded
        return bounded == nil ? [.publish(.deadline)] : [.publish(.deadline), .moveDeadline]
    }
}
