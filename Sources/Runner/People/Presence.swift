import ServiceLifecycle

/// Keeps what is known of people who are inside, follow or wait up to date, and tells their jobs what has changed.
struct Presence: Service {
    let people: PeopleDirectory
    let directory: JobDirectory
    let streams: StreamLimit
    /// Seconds.
    let lease: UInt32

    /// Seconds between two refreshes.
    var interval: Double { people.rules.interval(lease: lease) }

    func refresh() async {
        guard people.hasSource else { return }
        await people.refresh(await directory.peopleInside.union(streams.people), every: interval)
    }

    /// Those who watch a job for one of them are told at once.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await person in people.changes { await directory.personChanged(person) }
        }
    }
}
