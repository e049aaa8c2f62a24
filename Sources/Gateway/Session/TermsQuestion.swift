import BuildAPI
import EventLoop
import Presentation
import ServiceClient

/// Shows the terms of use and asks for a `yes`.
final class TermsQuestion: RunningCommand {
    let context: SessionContext
    private let person: Person
    private let accepted: (TermsOfUse?) -> Void
    private var question: Question?

    /// - Parameter accepted: nil: there are no terms to accept.
    init(for person: Person, in context: SessionContext, accepted: @escaping (TermsOfUse?) -> Void) {
        self.person = person
        self.context = context
        self.accepted = accepted
    }

    func ask() {
        guard let service = context.service.selfService else {
            return context.refuse(.notOffered("terms of use"))
        }
        service.terms { [unowned self] result in
            switch result {
            case .success(let terms?): show(terms, service)
            case .success(nil):
                context.say("This service has no terms of use.")
                accepted(nil)
            case .failure(let error): context.refuse(.service(error))
            }
        }
    }

    private func show(_ terms: TermsOfUse, _ service: any SelfService) {
        let text = terms.text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { HostileText.printable(String($0), limit: 4000) }.joined(separator: "\n")
        context.errors.write(text.hasSuffix("\n") ? text : "\(text)\n")
        question = Question("Type “yes” to accept these terms of use:", in: context) {
            [unowned self] answer in
            guard answer == "yes" else {
                return context.refuse(.termsDeclined(terms, by: person))
            }
            accept(terms, service)
        }
    }

    private func accept(_ terms: TermsOfUse, _ service: any SelfService) {
        service.accept(terms, by: person) { [unowned self] result in
            switch result {
            case .success:
                context.journal.note("\(person.record) accepts the terms of use \(terms.version)")
                context.audit.changed("accepts the terms of use \(terms.version)")
                accepted(terms)
            case .failure(let error) where error.code == .termsChanged:
                context.refuse(.termsChanged(error))
            case .failure(let error): context.refuse(.service(error))
            }
        }
    }
}
