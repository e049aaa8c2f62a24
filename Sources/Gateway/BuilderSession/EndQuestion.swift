import AuthorizedKeys
import BuildAPI
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import Presentation
import ServiceClient

/// Asks the owner, who has logged out of the last shell, whether the builder should end now.
///
/// The session's claim has been released, so the service knows when the builder ends otherwise.
final class EndQuestion: RunningCommand {
    let context: SessionContext
    private let permit: Permit
    private let finish: () -> Void
    private var question: Question?

    /// How long it waits for an answer. No answer means no.
    private static let timeout = Duration.seconds(10)

    /// - Parameter finish: called once, when nothing remains to be said.
    init(_ permit: Permit, in context: SessionContext, then finish: @escaping () -> Void) {
        self.permit = permit
        self.context = context
        self.finish = finish
    }

    func ask() {
        guard let service = context.service.selfService else { return finish() }
        context.service.job(permit.job.id) { [unowned self] result in
            guard case .success(let job?) = result, let text = Self.text(about: job, at: .now) else {
                return finish()
            }
            // What was typed ahead for the shell is no answer.
            tcflush(context.client.input, TCIFLUSH)
            question = Question(text, timeout: Self.timeout, in: context) { [unowned self] answer in
                if ["y", "yes"].contains(answer.lowercased()) { endBuilder(service) } else { finish() }
            }
        }
    }

    /// Nil: there is nothing to ask, because the builder is gone or held, or someone is inside.
    static func text(about job: Job, at now: Date) -> String? {
        guard job.builder?.state == .kept, !job.held, job.sessions.isEmpty, let deadline = job.deadline
        else { return nil }
        return "End the machine of job \(job.id) now? Otherwise it ends at "
            + "\(TimeLeft.nearMoment(deadline, from: now)). [y/N]"
    }

    private func endBuilder(_ service: any SelfService) {
        let job = permit.job.id
        context.journal.note("release job=\(job) \(permit.person.record) key=\(context.key.fingerprint)")
        service.perform(.releaseBuilder, on: job, for: permit.person) { [unowned self] result in
            if case .failure(let error) = result, error.code != .builderGone {
                return context.refuse(.serviceRefused(error, ReleaseCommand.manual.name))
            }
            context.audit.changed("releases the builder")
            context.say("The machine of job \(job) ends now.")
            finish()
        }
    }

    func interrupted(by signal: CInt) { finish() }
}
