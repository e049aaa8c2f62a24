import BuildAPI
import Policy
import Presentation

/// What follows when a job has been made: what people are told of it, and its log if they have asked for it. A signal ends this,
/// but not the job.
final class NewJobSession: RunningCommand {
    let context: SessionContext
    private let principal: Principal
    private let follow: Bool
    private let json: Bool
    private var tail: LogSession?

    init(follow: Bool, json: Bool, for principal: Principal, in context: SessionContext) {
        self.context = context
        self.principal = principal
        self.follow = follow
        self.json = json
    }

    func submitted(_ job: Job) {
        if let removals = job.spokenRemovals { context.say(removals) }
        guard follow else {
            context.answer(JobView(job: job, isInvited: true), json: json) {
                "job \(job.id): \(job.status.rawValue)\n"
            }
            return
        }
        context.say(
            "Job \(job.id) is submitted. Following its log; Ctrl-C stops following, not the job.")
        do throws(Denial) {
            let permit = try Permit.decide(.look, on: job.id, job, for: principal)
            tail = LogSession(permit, raw: false, in: context)
            tail?.start()
        } catch {
            context.refuse(.denied(error, to: principal))
        }
    }
}
