import AuthorizedKeys
import BuildService
import EventLoop
import Requests

/// From the words of a person to a permit: who is this, what is the job, may they?
///
/// Both questions go to the service at the same time; nothing is answered before it has said who the person is.
final class Arrival {
    private let session: GatewaySession
    private let admitted: (Permit, Request) -> Void
    private let fingerprint: String
    private var known: KnownPerson?
    private var job: Result<Job?, ServiceError>?

    init(in session: GatewaySession, admitted: @escaping (Permit, Request) -> Void) {
        self.session = session
        self.admitted = admitted
        fingerprint = session.key.fingerprint
    }

    func start() {
        let request: Result<Request, RequestError>
        do throws(RequestError) {
            request = .success(try Request(originalCommand: session.environment.originalCommand))
        } catch {
            request = .failure(error)
        }
        session.service.key(session.key) { [unowned self] result in
            attempt { () throws(Refusal) in
                known = try identify(try result.orRefuse(), fingerprint: fingerprint)
                try proceed(request)
            }
        }
        if case .success(let request) = request, let identifier = request.job {
            session.service.job(identifier) { [unowned self] result in
                job = result
                attempt { () throws(Refusal) in
                    if known != nil { try decide(request, identifier) }
                }
            }
        }
    }

    private func proceed(_ request: Result<Request, RequestError>) throws(Refusal) {
        switch request {
        case .failure(let error):
            session.errors.write(Array(Usage.text.utf8))
            throw Refusal(.usage, "\(error)", cause: "usage: \(error)")
        case .success(.greet):
            withLiveJobs { [unowned self] jobs in greet(jobs) }
        case .success(let request):
            if let identifier = request.job {
                if job != nil { try decide(request, identifier) }
            } else {
                withLiveJobs { [unowned self] (jobs) throws(Refusal) in try choose(request, jobs) }
            }
        }
    }

    /// - Parameter next: gets nil where the service has no list.
    private func withLiveJobs(_ next: @escaping ([Job]?) throws(Refusal) -> Void) {
        guard let known else { return }
        session.service.liveJobs(of: known.person) { [unowned self] result in
            attempt { () throws(Refusal) in
                if case .failure(let error) = result, error.code == .unsupported {
                    try next(nil)
                } else {
                    try next(try result.orRefuse())
                }
            }
        }
    }

    private func greet(_ jobs: [Job]?) {
        guard let known else { return }
        session.journal.note("greeting person=\(known.person.id) key=\(known.fingerprint)")
        let greeting = Greeting(person: known.person, jobs: jobs) { [session] words, terminal in
            session.commandLine(words, terminal: terminal)
        }
        session.output.write(Array(greeting.text.utf8))
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
            session.errors.write(Array((JobTable.lines(jobs).joined(separator: "\n") + "\n").utf8))
            throw Refusal(
                .usage, "You have \(jobs.count) live jobs. Name the one you mean.", cause: "no job named")
        }
        job = .success(only)
        try decide(request, only.id)
    }

    private func decide(_ request: Request, _ identifier: JobID) throws(Refusal) {
        guard let known, let job, let verb = request.verb else { return }
        admitted(try authorise(verb, of: identifier, try job.orRefuse(), for: known), request)
    }

    private func attempt(_ body: () throws(Refusal) -> Void) {
        do throws(Refusal) {
            try body()
        } catch {
            session.refuse(error)
        }
    }
}

extension Request {
    /// The job that was named.
    var job: JobID? {
        switch self {
        case .greet: nil
        case .connect(let job, _, _), .tail(let job, _): job
        }
    }

    var verb: JobVerb? {
        switch self {
        case .greet: nil
        case .connect: .connect
        case .tail: .tail
        }
    }
}

extension Result where Failure == ServiceError {
    fileprivate func orRefuse() throws(Refusal) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw GatewaySession.refusal(for: error)
        }
    }
}
