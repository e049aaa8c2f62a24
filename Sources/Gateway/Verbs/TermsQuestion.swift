import BuildAPI
import EventLoop
import Presentation
import ServiceClient

/// Shows the terms of use and takes a `yes`.
final class TermsQuestion {
    private let person: Person
    private let session: GatewaySession
    private let accepted: () -> Void
    private var question: Question?

    init(for person: Person, in session: GatewaySession, accepted: @escaping () -> Void) {
        self.person = person
        self.session = session
        self.accepted = accepted
    }

    func ask() {
        guard let service = session.service.selfService else {
            return session.refuse(.unsupported("terms of use"))
        }
        service.terms { [unowned self] result in
            switch result {
            case .success(let terms?): show(terms, service)
            case .success(nil):
                session.say("There are no terms of use here.")
                accepted()
            case .failure(let error): session.refuse(GatewaySession.refusal(for: error))
            }
        }
    }

    private func show(_ terms: TermsOfUse, _ service: any SelfService) {
        let text = terms.text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { HostileText.printable(String($0), limit: 4000) }.joined(separator: "\n")
        session.errors.write(text.hasSuffix("\n") ? text : "\(text)\n")
        question = Question("Type “yes” to accept these terms of use:", in: session) {
            [unowned self] answer in
            guard answer == "yes" else {
                return session.refuse(
                    Refusal(
                        .notPermitted, "The terms of use have not been accepted.",
                        cause: "terms of use \(terms.version) not accepted by \(person.id)"))
            }
            accept(terms, service)
        }
    }

    private func accept(_ terms: TermsOfUse, _ service: any SelfService) {
        service.accept(terms, by: person) { [unowned self] result in
            switch result {
            case .success:
                session.journal.note("person=\(person.id) accepts the terms of use \(terms.version)")
                accepted()
            case .failure(let error) where error.code == .termsChanged:
                session.refuse(
                    Refusal(
                        .tryAgain, "The terms of use have just been changed. Enter the same command again.",
                        cause: error.debugDescription))
            case .failure(let error): session.refuse(GatewaySession.refusal(for: error))
            }
        }
    }
}
