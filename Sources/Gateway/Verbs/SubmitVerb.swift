import BuildAPI
import EventLoop
import Policy
import Requests
import ServiceClient

/// `submit`: a manifest from standard input becomes a job; with `--follow` its log is shown, and it says how it ended.
final class SubmitVerb {
    private static let largestManifest = 1 << 20

    private let session: GatewaySession
    private let principal: Principal
    private let submission: Request.Submission
    private var input: StandardInput?
    private var tail: TailVerb?

    init(_ principal: Principal, _ submission: Request.Submission, in session: GatewaySession) {
        self.session = session
        self.principal = principal
        self.submission = submission
    }

    func start() {
        guard let service = session.service.selfService else {
            return session.refuse(.unsupported("“submit”"))
        }
        if session.environment.hasTerminal { session.say("Type or paste the manifest, then press Ctrl-D.") }
        input = StandardInput(limit: Self.largestManifest, on: session.loop) { [unowned self] bytes in
            guard let bytes else {
                return session.refuse(
                    Refusal(.badInput, "A manifest has at most 1 MB.", cause: "submit: more than 1 MB"))
            }
            guard bytes.contains(where: { $0 > 0x20 }) else {
                return session.refuse(
                    Refusal(
                        .badInput, "There is no manifest on standard input: … submit <job.yaml",
                        cause: "submit: empty"))
            }
            submit(bytes, to: service)
        }
    }

    private func submit(_ manifest: [UInt8], to service: any SelfService) {
        service.submit(
            manifest: manifest, owner: principal.person.id, note: submission.note,
            visibility: submission.visibility
        ) { [unowned self] result in
            switch result {
            case .success(let job):
                session.journal.note("submit job=\(job.id) person=\(principal.person.id)")
                submitted(job)
            case .failure(let error): session.refuse(.service(error, "submit"))
            }
        }
    }

    private func submitted(_ job: Job) {
        guard submission.follow else {
            session.answer(JobView(job: job, isInvited: true), json: submission.json) {
                "job \(job.id): \(job.status.rawValue)\n"
            }
            return
        }
        session.say(
            "Job \(job.id) is submitted; this shows its log until it ends. Ctrl-C leaves the job alone.")
        do throws(Denial) {
            let permit = try Permit.decide(.look, on: job.id, job, for: principal)
            tail = TailVerb(permit, raw: false, in: session) { [session] job in
                guard job.builder != nil else { return }
                session.say("To look at it: \(session.commandLine("connect \(job.id)", terminal: true))")
            }
            tail?.start()
        } catch {
            session.refuse(Refusal(error, to: principal))
        }
    }
}
