import FoundationEssentials
import NodeOrder

/// A job as squeue(1) shows it.
struct SlurmJob: Equatable, Sendable {
    var number: Int
    /// The allocation's id.
    var name: String
    var state: SlurmState
    /// Why it waits, or has ended: a word of Slurm's.
    var reason: String
    /// The name of its node; nil: it has none yet.
    var node: String?
    /// When its time is over, or was.
    var end: Date?
    /// Nil: it is not ours.
    var comment: JobComment?

    /// What squeue prints of each job. The comment comes last: it can contain anything.
    /// A job of an array has a number of its own, too.
    static let format = "%A|%j|%T|%r|%N|%e|%k"
    /// Times are in seconds then: squeue(1), SLURM_TIME_FORMAT.
    static let timeFormat = "%s"

    /// Nil: it is not such a line.
    init?(_ line: some StringProtocol) {
        let fields = line.split(separator: "|", maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count == 7, let number = Int(fields[0]) else { return nil }
        self.number = number
        name = String(fields[1])
        state = SlurmState(String(fields[2]))
        reason = String(fields[3])
        node = fields[4].isEmpty || fields[4] == "(null)" ? nil : String(fields[4])
        end = Int(fields[5]).map { Date(timeIntervalSince1970: Double($0)) }
        comment = JobComment(String(fields[6]))
    }

    /// Every line of an answer. Throws if one of them is none: then nothing is known.
    static func list(_ output: String) throws(SlurmFault) -> [SlurmJob] {
        var jobs: [SlurmJob] = []
        for line in output.split(whereSeparator: \.isNewline) {
            guard let job = SlurmJob(line) else {
                throw SlurmFault("squeue has printed what is not a job: \(line.prefix(100))")
            }
            jobs.append(job)
        }
        return jobs
    }
}
