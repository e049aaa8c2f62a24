import BuildAPI
import FoundationEssentials
import Presentation

extension Job.Attached {
    /// What people have to know who enter a machine that nobody vouches for.
    func lines(at now: Date) -> [String] {
        let origin =
            "Attached from \(HostileText.printable(from, limit: 60)) with the key \(HostileText.printable(key, limit: 60)); "
            + "what the machine says of itself is unchecked."
        return [origin]
            + (until.map { ["The CI ends this job at \(TimeLeft.nearMoment($0, from: now))."] } ?? [])
    }
}
