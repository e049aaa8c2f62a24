import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import Requests
import ServiceClient

/// From the words of a person to a permit: who is this, what is the job, may they?
///
/// Both questions go to the service at the same time; nothing is answered before it has said who the person is.
final class Arrival {
    private let session: GatewaySession
    private let admitted: (Permit, Request) -> Void
    private let welcomed: (Principal, Request) -> Void
    private let fingerprint: String
    private var principal: Principal?
    private var job: Result<Job?, ServiceError>?
    private var terms: TermsQuestion?

    /// - Parameters:
    ///   - admitted: they may do that with a job.
    ///   - welcomed: they may do that, which is about no job.
    init(
        in session: GatewaySession, admitted: @escaping (Permit, Request) -> Void,
        welcomed: @escaping (Principal, Request) -> Void
    ) {
        self.session = session
        self.admitted = admitted
        self.welcomed = welcomed
        fingerprint = session.key.fingerprint
    }

    func start() {
        let request: Result<Request, RequestError>
        do throws(RequestError) {
            request = .success(try Request(originalCommand: session.environment.originalCommand))
        } catch {
            request = .failure(error)
        }
        ask(request)
    }

    private func ask(_ request: Result<Request, RequestError>) {
        session.service.key(session.key) { [unowned self] result in
            attempt { () throws(Refusal) in
                principal = try identify(try result.orRefuse(aboutKey: true))
                try proceed(request)
            }
        }
        if case .success(let request) = request, let identifier = request.job {
            session.service.job(identifier) { [unowned self] result in
                job = result
                attempt { () throws(Refusal) in
                    if principal != nil { try decide(request, identifier) }
                }
            }
        }
    }

    private func identify(_ key: Key?) throws(Refusal) -> Principal {
        do throws(Denial) {
            return try Principal.identify(key, fingerprint: fingerprint)
        } catch {
            throw Refusal(error)
        }
    }

    private func proceed(_ request: Result<Request, RequestError>) throws(Refusal) {
        guard let principal else { return }
        switch request {
        case .failure(let error):
            session.errors.write(Help.usage(for: error))
            throw Refusal(.usage, "\(error)", cause: "usage: \(error)")
        case .success(.greet):
            withLiveJobs { [unowned self] jobs in greet(jobs) }
        case .success(let request):
            if let identifier = request.job {
                if job != nil { try decide(request, identifier) }
            } else if let verb = request.verb, verb.mayBePersonal {
                welcomed(principal, request)
            } else {
                withLiveJobs { [unowned self] (jobs) throws(Refusal) in try choose(request, jobs) }
            }
        }
    }

    /// - Parameter next: gets nil where the service has no list.
    private func withLiveJobs(_ next: @escaping ([Job]?) throws(Refusal) -> Void) {
        guard let principal else { return }
        session.service.liveJobs(of: principal.person) { [unowned self] result in
            attempt { () throws(Refusal) in
                if case .failure(let error) = result, error.code == .notOffered {
                    try next(nil)
                } else {
                    try next(try result.orRefuse())
                }
            }
        }
    }

    private func greet(_ jobs: [Job]?) {
        guard let principal else { return }
        session.journal.note("greeting person=\(principal.person.id) key=\(fingerprint)")
        let greeting = Greeting(person: principal.person, jobs: jobs, setUpLine: session.setUpLine) {
            [session] words, terminal in
            session.commandLine(words, terminal: terminal)
        }
        session.output.write(greeting.text)
        session.finish(.success)
    }

    /// The caller named no job: their only live one, or a list to choose from.
    private func choose(_ request: Request, _ jobs: [Job]?) throws(Refusal) {
        guard let jobs else {
            throw Refusal(
                .usage, "Name the job you mean: the build service here has no list of yours.",
                cause: "no job named, and the service lists none")
        }
        guard let only = jobs.first else {
            throw Refusal(
                .noSuchJob, "You have no job that runs or whose builder is kept. Name the job you mean.",
                cause: "no job named and no live job")
        }
        guard jobs.count == 1 else {
            session.errors.write(JobTable(jobs).text)
            throw Refusal(
                .usage, "You have \(jobs.count) live jobs. Name the one you mean.", cause: "no job named")
        }
        job = .success(only)
        try decide(request, only.id)
    }

    private func decide(_ request: Request, _ identifier: JobID) throws(Refusal) {
        guard let principal, let job, let action = request.verb?.action else { return }
        let found = try job.orRefuse()
        let permit: Permit
        do throws(Denial) {
            permit = try Permit.decide(action, on: identifier, found, for: principal)
        } catch {
            let refusal = Refusal(error, to: principal)
            guard refusal.remedy == .acceptTerms, terms == nil, session.environment.hasTerminal else {
                throw refusal
            }
            acceptTerms(then: request)
            return
        }
        admitted(permit, request)
    }

    /// Asks once, and then everything anew.
    private func acceptTerms(then request: Request) {
        guard let principal else { return }
        terms = TermsQuestion(for: principal.person, in: session) { [unowned self] in
            self.principal = nil
            job = nil
            ask(.success(request))
        }
        terms?.ask()
    }

    private func attempt(_ body: () throws(Refusal) -> Void) {
        do throws(Refusal) {
            try body()
        } catch {
            session.refuse(error)
        }
    }
}

extension Result where Failure == ServiceError {
    fileprivate func orRefuse(aboutKey: Bool = false) throws(Refusal) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error) where aboutKey && error.code == .conflict:
            throw Refusal(
                .misconfigured,
                "Your key belongs to more than one person at the build service. Please tell the administrator.",
                cause: "a key with two owners: \(error.debugDescription)")
        case .failure(let error): throw GatewaySession.refusal(for: error)
        }
    }
}
