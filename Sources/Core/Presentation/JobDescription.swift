public import BuildAPI
public import FoundationEssentials

/// Everything that is known about one job, for people.
public struct JobDescription {
    private let job: Job
    private let isInvited: Bool
    private let canExtend: Bool
    private let now: Date

    /// - Parameters:
    ///   - isInvited: whether the reader may know who is inside.
    ///   - canExtend: whether the reader can move the builder's deadline.
    ///   - now: the time from which times count.
    public init(_ job: Job, isInvited: Bool = true, canExtend: Bool = true, at now: Date = .now) {
        self.job = job
        self.isInvited = isInvited
        self.canExtend = canExtend
        self.now = now
    }

    /// A heading, an empty line, and what there is to say, each with its name.
    public var lines: [String] {
        var lines = [
            "Job \(job.id)" + (job.note.map { ": \(HostileText.printable($0, limit: 200))" } ?? ""), "",
        ]
        func add(_ head: String, _ text: String) {
            lines.append("  " + head + String(repeating: " ", count: max(1, 11 - head.count)) + text)
        }
        if let name = job.name { add("name", HostileText.printable(name, limit: 40)) }
        if let attached = job.attached {
            add("machine", "attached from \(HostileText.printable(attached.from, limit: 60))")
            if attached.away == true { add("", "not connected at the moment") }
        }
        add("status", "\(job.status.rawValue), \(job.visibility.rawValue)")
        add(
            "owner",
            job.owner.printableName + (job.submitter.map { ", submitted by \($0.printableName)" } ?? ""))
        if let reproduction = Reproduction(job) {
            add("machine", "fresh, for \(reproduction.origin)")
            add("", "nothing is run on it")
        } else if let rerun = job.rerun {
            add("of", "job \(rerun.of), which \(rerun.status.spoken)")
        }
        if let created = job.created { add("submitted", TimeLeft.moment(created)) }
        if let waits = job.waits { add("waits", HostileText.printable(waits, limit: 200)) }
        if let pool = job.pool { add("pool", HostileText.printable(pool, limit: 40)) }
        if let arch = job.arch { add("arch", HostileText.printable(arch, limit: 40)) }
        for (index, line) in tasks.enumerated() { add(index == 0 ? "tasks" : "", line) }
        add("builder", builder)
        if job.builder != nil, job.attached != nil, !job.hasAttachedItself {
            add("host key", "as the machine says; what it says of itself is unchecked")
        }
        if job.builder?.firstUse == true {
            add("host key", "as the builder has shown it first; nobody vouches for it")
        }
        if isInvited {
            if !job.shares.isEmpty { add("shared", "with " + names(job.shares)) }
            for (index, session) in job.sessions.enumerated() {
                add(
                    index == 0 ? "inside" : "",
                    "\(session.person.printableName), \(session.kind.rawValue), "
                        + "for \(TimeLeft.text(now.timeIntervalSince(session.since)))")
            }
        }
        for (index, line) in EarlyEntries(job, namesPeople: isInvited).lines.enumerated() {
            add(index == 0 ? "entered" : "", line + (index == 0 ? ": before the tasks had ended" : ""))
        }
        if isInvited {
            for line in job.spokenAdministratorEntries { add("notice", line) }
        }
        for (index, line) in artifacts.enumerated() { add(index == 0 ? "artifacts" : "", line) }
        return lines
    }

    /// What is kept of the files that the tasks have left behind, and what is not.
    private var artifacts: [String] {
        guard let artifacts = job.artifacts else { return [] }
        let remarks = (artifacts.remarks ?? []).map { HostileText.printable($0, limit: 200) }
        guard let spoken = artifacts.spoken else {
            guard remarks.isEmpty else { return remarks }
            return [job.status.isFinal ? "none taken: the job \(job.status.spoken)" : "not yet"]
        }
        return [spoken] + remarks
            + [givesArtifacts ? nil : "withheld, because of who entered"].compactMap(\.self)
    }

    private var givesArtifacts: Bool { (job.artifacts?.count ?? 0) == 0 || !job.withholdsArtifacts }

    private var tasks: [String] {
        let width = job.tasks.map { HostileText.printable($0.name, limit: 40).count }.max() ?? 0
        return job.tasks.map { task in
            let name = HostileText.printable(task.name, limit: 40)
            var words = [
                name + String(repeating: " ", count: width - name.count),
                task.status.rawValue + String(repeating: " ", count: 7 - min(7, task.status.rawValue.count)),
            ]
            if let started = task.started {
                words.append(TimeLeft.text((task.ended ?? now).timeIntervalSince(started)))
            }
            if task.exitStatus != 0, let exit = task.spokenExit { words.append(exit) }
            if task.completeBuild == true { words.append("complete-build: the rest was skipped") }
            return words.joined(separator: "  ")
        }
    }

    private var builder: String {
        guard let builder = job.builder else { return end }
        var text = builder.state.rawValue
        guard let deadline = job.deadline, job.status.isFinal else { return text }
        text += ", ends \(TimeLeft.moment(deadline)), in \(TimeLeft.text(until: deadline, from: now))"
        if job.held { text += ", held" }
        if canExtend, let latest = job.maxDeadline, latest > deadline {
            text += "; you can extend it until \(TimeLeft.moment(latest))"
        }
        return text
    }

    private var end: String {
        guard job.status.isFinal || job.builderEnd != nil else { return "not yet" }
        return "gone" + (job.builderEnd?.spoken.map { ": \($0)" } ?? "")
    }

    private func names(_ parties: [Party]) -> String {
        parties.map(\.printableName).joined(separator: ", ")
    }
}
