import FoundationEssentials

/// What those who wait for the job read: why it has no builder yet.
extension LiveJob {
    /// How many seconds one line of its provider's is shown at least: each is stored, and sent to everyone who watches.
    private static let pause = 1.0

    /// - Parameter reason: nil: it is its turn.
    func waits(for reason: String?) async {
        await apply { lifecycle, _ in lifecycle.waits(for: reason) }
    }

    /// There is news of its provider's, which nobody else comes to take.
    func allocatorSaid() async {
        let moment = lastShown.addingTimeInterval(Self.pause)
        if moment > timekeeper.now() {
            guard (try? await timekeeper.wait(moment)) != nil else { return }
        }
        guard !isStopping, let line = attempts.progress.takeNews() else { return }
        lastShown = timekeeper.now()
        await waits(for: line)
    }
}
