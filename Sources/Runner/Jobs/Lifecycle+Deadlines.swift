import BuildAPI
import FoundationEssentials

/// When builders end by themselves.
extension Lifecycle {
    /// When the tasks must have ended, and their artifacts have been taken.
    var timeout: Date? {
        record.builderStarted.map { start in
            let end = max(
                start.addingTimeInterval(Double(secondsForTasks)), record.artifactsUntil ?? .distantPast)
            return min(end, record.until ?? end)
        }
    }

    /// When a kept builder must have ended: max_life after its tasks, or when its provider takes it back.
    var latestEnd: Date? {
        [record.keptSince?.addingTimeInterval(Double(times.maxLife)), record.until].compactMap(\.self).min()
    }

    /// The provider leaves the kept builder until then; nil: as long as we want.
    mutating func extendedByProvider(until moment: Date?) -> [Effect] {
        guard record.job.builder?.state == .kept else { return [] }
        record.until = moment
        record.job.maxDeadline = latestEnd
        return [.publish(.deadline)]
    }

    /// What the manifest says, within what the administrator allows now.
    var secondsForTasks: Int { min(record.build.timeout, times.maxTimeout) }

    /// When a kept builder ends if nothing else happens, and why.
    var due: (moment: Date, reason: Job.BuilderEnd.Reason)? {
        guard let builder = record.job.builder, record.job.status.isFinal else { return nil }
        if record.claims.isEmpty, let until = builder.keptUntil {
            return (until, until == end ? .deadline : .kept)
        }
        return end.map { ($0, .deadline) }
    }

    /// When a kept builder ends, even if people are inside.
    private var end: Date? { record.lifetime?.end ?? record.job.maxDeadline }

    /// A person is inside a kept builder. The first one sets its deadline.
    mutating func enter(at now: Date) {
        guard record.lifetime?.isEntered != true else { return }
        promise(until: now.addingTimeInterval(Double(times.life)))
        record.lifetime?.isEntered = true
    }

    /// Makes sure that the builder does not end earlier than that, within max_life.
    mutating func promise(until moment: Date) {
        let end = min(moment, record.job.maxDeadline ?? moment)
        var lifetime = record.lifetime ?? Lifetime(end: end)
        lifetime.end = max(lifetime.end, end)
        record.lifetime = lifetime
    }

    /// Starts the keep-time, which counts only while nobody is inside. A builder that is held, or whose deadline was
    /// moved, is kept until its deadline.
    mutating func keepAnew(at now: Date) -> [Effect] {
        let until = now.addingTimeInterval(Double(keepTime))
        let kept = staysUntilDeadline ? end : min(until, end ?? until)
        record.job.builder?.keptUntil = kept
        return updateDeadline()
    }

    /// How many seconds a kept builder waits for someone to enter it, or to come back.
    private var keepTime: Int {
        guard record.hasAttachedItself, let attachment = record.attachment else { return times.keep }
        return record.lifetime?.isEntered == true ? attachment.idle : attachment.wait
    }

    var staysUntilDeadline: Bool {
        record.lifetime != nil && (record.job.held || record.lifetime?.isExtended == true)
    }

    /// Sets the job's deadline to when the builder will end if nothing else happens; while tasks run, to their timeout.
    mutating func updateDeadline() -> [Effect] {
        let deadline: Date? =
            if record.job.builder == nil {
                nil
            } else {
                record.job.status.isFinal ? due?.moment : timeout
            }
        record.job.keep = staysUntilDeadline ? nil : keepTime
        let latest = record.job.maxDeadline
        let bounded = deadline.map { min($0, latest ?? $0) }
        guard bounded != record.job.deadline else { return [] }
        record.job.deadline = bounded
        return bounded == nil ? [.publish(.deadline)] : [.publish(.deadline), .moveDeadline]
    }
}
