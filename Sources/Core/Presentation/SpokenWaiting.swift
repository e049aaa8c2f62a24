public import BuildAPI

extension Job {
    /// Why it has no builder yet, as those who wait for it read it; nil: the service does not say.
    ///
    /// `Job 42 waits in pool cluster: Slurm: Priority`
    public var spokenWaiting: String? {
        guard let waits, builder == nil, !status.isFinal else { return nil }
        let place = pool.map { " in pool \(HostileText.printable($0, limit: 40))" } ?? ""
        return "Job \(id) waits\(place): \(HostileText.printable(waits, limit: 120))"
    }
}
