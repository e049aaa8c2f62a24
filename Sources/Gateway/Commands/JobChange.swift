import AuthorizedKeys
import BuildAPI
import Policy
import ServiceClient

extension JobCommand {
    /// Notes for the administrator what is asked of the build service, and who asks.
    func noteRequest(_ permit: Permit, in context: SessionContext) {
        let role = permit.standing == .administrator ? " as administrator" : ""
        context.journal.note(
            "\(Self.manual.name) job=\(permit.job.id) \(permit.person.record) key=\(context.key.fingerprint)\(role)"
        )
    }

    /// Changes the job at the build service, prints the changed job, and ends the session.
    ///
    /// - Parameter sentence: what to print, unless JSON was asked for.
    func change(
        _ permit: Permit, _ action: JobAction, json: Bool, in context: SessionContext,
        sentence: @escaping (Job) -> String
    ) {
        let verb = Self.manual.name
        guard let service = context.service.selfService else {
            return context.refuse(.notOffered("“\(verb)”"))
        }
        noteRequest(permit, in: context)
        service.perform(action, on: permit.job.id, for: permit.person) { result in
            switch result {
            case .success(let job):
                context.audit.changed(verb)
                context.answer(JobView(job: job, isInvited: true), json: json) { sentence(job) + "\n" }
            case .failure(let error): context.refuse(.serviceRefused(error, verb))
            }
        }
    }
}
