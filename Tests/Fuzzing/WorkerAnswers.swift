import BuildAPI
import FoundationEssentials

private let job = JobID("42")!

/// What builds.sr.ht's worker sends: info about a job, the end of its log, a page of its folders.
func check(_ input: [UInt8]) {
    for name in TaskFolders.names(in: input) {
        promise("a task is named as the worker allows", TaskName.isValid(name) && !name.contains("/"))
    }
    let end = LogEnd(input, of: job, lastWritten: nil)
    guard let info = try? WorkerInfo.read(input) else { return }
    promise("a deadline can be written", Int64(info.deadline.timeIntervalSince1970) >= 0)
    promise("an owner has a name with ~", info.owner.name.hasPrefix("~"))
    for now in [Date(timeIntervalSince1970: 0), info.deadline - 1, info.deadline] {
        let life = BuilderLife(logEnd: end)
        let state = life.state(of: info, at: now)
        promise("nothing lives past its deadline", state == nil || now < info.deadline)
        promise("what is entered has a port", state == nil || state == .booting || info.port != 0)
        promise(
            "what has ended otherwise is gone", state == nil || [.running, .failed].contains(info.status))
        promise("nobody keeps a builder longer", life.keptUntil(info) <= info.deadline)
        promise(
            "an ended builder is gone", BuilderLife(isTerminated: true).state(of: info, at: now) == nil)
    }
}
