import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient

/// `adopt`, from the code to the machine: the terms of use, if there are new ones; the build service; and with a terminal a
/// session in the machine, as with `connect`.
final class AdoptionSession: RunningCommand {
    let context: SessionContext
    private let code: String
    private let json: Bool
    private let service: any PairingService
    private var principal: Principal
    private var terms: TermsQuestion?
    private var session: (any RunningCommand)?

    init(
        _ code: String, json: Bool, for principal: Principal, _ service: any PairingService,
        in context: SessionContext
    ) {
        (self.code, self.json, self.service, self.context) = (code, json, service, context)
        self.principal = principal
    }

    func start() throws(Refusal) {
        guard let version = principal.unacceptedTerms else { return adopt() }
        guard context.environment.hasTerminal else {
            throw .denied(.termsNotAccepted(version: version), to: principal)
        }
        terms = TermsQuestion(for: principal.person, in: context) { [unowned self] _ in identifyAgain() }
        terms?.ask()
    }

    func interrupted(by signal: CInt) {
        if let session { session.interrupted(by: signal) } else { context.finish(.signal(signal)) }
    }

    func windowChanged() { session?.windowChanged() }

    /// What the person has accepted is known by their key only.
    private func identifyAgain() {
        context.service.key(context.key) { [unowned self] result in
            do throws(Refusal) {
                switch result {
                case .failure(let error): throw .notIdentified(error)
                case .success(let key):
                    principal = try Self.identify(key, context.key.fingerprint)
                    adopt()
                }
            } catch {
                context.refuse(error)
            }
        }
    }

    private static func identify(_ key: Key?, _ fingerprint: String) throws(Refusal) -> Principal {
        do throws(Denial) {
            return try Principal.identify(key, fingerprint: fingerprint)
        } catch {
            throw .denied(error)
        }
    }

    private func adopt() {
        service.adopt(Adoption(code: code, key: context.key.line)) { [unowned self] result in
            switch result {
            case .success(let job): adopted(job)
            case .failure(let error) where error.code == .noSuchJob: context.refuse(.noSuchCode(error))
            case .failure(let error):
                context.refuse(.serviceRefused(error, AdoptCommand.manual.name))
            }
        }
    }

    private func adopted(_ job: Job) {
        context.audit.changed("adopts the machine", job: job.id)
        context.journal.note(
            "adopt job=\(job.id) \(principal.person.record) key=\(context.key.fingerprint)")
        guard context.environment.hasTerminal, !json else {
            return context.answer(JobView(job: job, isInvited: true), json: json) {
                let now = job.status.isFinal ? "" : "--now "
                return "Job \(job.id) is yours now. To enter it:\n"
                    + "\(context.commandLine("connect \(now)\(job.id)", terminal: true))\n"
            }
        }
        do throws(Denial) {
            enter(try Permit.decide(.enter, on: job.id, job, for: principal))
        } catch {
            context.refuse(.denied(error, to: principal))
        }
    }

    /// Its command can still be running: whoever adopts a machine wants to enter it.
    private func enter(_ permit: Permit) {
        context.audit.permitted(permit)
        do throws(Refusal) {
            try context.requireHere(permit.job)
        } catch {
            return context.refuse(error)
        }
        let transport = ProgramTransport(nil, permit, in: context)
        let session = BuilderSession(permit, over: transport, now: true, in: context)
        self.session = session
        session.start()
    }
}
