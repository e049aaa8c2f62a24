import AuthorizedKeys
import BuildAPI
import CommandGrammar
import EventLoop
import Policy
import ServiceClient

/// Authenticates a person and authorises their command.
///
/// The service is asked about the key and about the job at the same time; nothing is answered before it has said
/// whose key it is.
final class Authorization {
    private let context: SessionContext
    /// Who has come, and for what.
    enum Comer: Equatable {
        case person(Person, KeyUse)
        /// A machine that is nobody's by its key.
        case machine
        /// A stream or the log of such a machine.
        case partOfMachine
    }

    private let admit: (Comer) throws(Refusal) -> Void
    private let authorized: (AuthorizedCommand) -> Void
    private var key: UsedKey
    private var principal: Principal?
    private var job: Result<Job?, ServiceError>?
    private var terms: TermsQuestion?
    /// Whether somebody with a terminal is asked about the terms of use.
    private let asksAboutTerms: Bool

    /// Whether the key opens nothing: it is unknown or pending, or its person is suspended.
    private(set) var isStranger = false
    /// Whether it opens only what machines do that are nobody's until somebody adopts them.
    private(set) var isPairing = false

    /// - Parameters:
    ///   - asksAboutTerms: nobody is asked who is not there.
    ///   - admit: called when it is known who has come. What it throws is the answer.
    ///   - authorized: called once, with a command that this person is allowed to run.
    init(
        in context: SessionContext, asksAboutTerms: Bool = true,
        admit: @escaping (Comer) throws(Refusal) -> Void = { _ in },
        _ authorized: @escaping (AuthorizedCommand) -> Void
    ) {
        self.context = context
        self.asksAboutTerms = asksAboutTerms
        self.admit = admit
        self.authorized = authorized
        key = UsedKey(fingerprint: context.key.fingerprint, isForProxy: false)
    }

    func start() {
        let request: Result<Request, UsageError>
        do throws(UsageError) {
            request = .success(try Request(originalCommand: context.environment.originalCommand))
        } catch {
            request = .failure(error)
        }
        context.audit.wanted(request)
        ask(request)
    }

    private func ask(_ request: Result<Request, UsageError>) {
        if case .success(.job(let command)) = request {
            key = UsedKey(fingerprint: key.fingerprint, isForProxy: command is ProxyCommand)
        }
        let use = request.keyUse
        context.service.key(context.key) { [unowned self] result in
            attempt { () throws(Refusal) in
                let key = try result.orRefuse(aboutKey: true)
                let known: Principal
                do throws(Denial) {
                    known = try Principal.identify(key, fingerprint: self.key.fingerprint, for: use)
                } catch {
                    if try pair(key, error, request) { return }
                    return try deny(error, request)
                }
                try admit(.person(known.person, use))
                principal = known
                try proceed(request)
            }
        }
        if case .success(.job(let command)) = request, let identifier = command.job {
            context.service.job(identifier) { [unowned self] result in
                job = result
                attempt { () throws(Refusal) in
                    if principal != nil { try decide(command, identifier) }
                }
            }
        }
    }

    /// A key that is nobody's can bring a machine that is nobody's until somebody adopts it.
    ///
    /// - Returns: whether it does.
    private func pair(
        _ key: Key?, _ denial: Denial, _ request: Result<Request, UsageError>
    ) throws(Refusal) -> Bool {
        guard case .success(.personal(let personal)) = request, context.service.pairings != nil,
            let command = personal as? any PairingCommand
        else { return false }
        do throws(Denial) {
            try PairingRight.check(key, fingerprint: self.key.fingerprint)
        } catch {
            return false
        }
        isPairing = true
        try admit(command.isPart ? .partOfMachine : .machine)
        authorized(.pairing(command, denial))
        return true
    }

    /// With a pending key there is one thing that people can do.
    private func deny(_ denial: Denial, _ request: Result<Request, UsageError>) throws(Refusal) {
        guard case .unconfirmedKey = denial, case .success(.personal(let command)) = request,
            let confirmation = command as? any PendingKeyCommand, confirmation.confirmsKey
        else {
            isStranger = true
            throw .denied(denial, by: key)
        }
        authorized(.confirmation(confirmation))
    }

    private func proceed(_ request: Result<Request, UsageError>) throws(Refusal) {
        guard let principal else { return }
        switch request {
        case .failure(let error):
            if case .foreign(let program) = error.code { return refuse(program) }
            context.errors.write(HelpCommand.usage(for: error))
            throw .usage(error)
        case .success(.personal(let command)): authorized(.personal(command, principal))
        case .success(.job(let command)):
            guard let identifier = command.job else { return chooseJob(for: command, of: principal.person) }
            if job != nil { try decide(command, identifier) }
        }
    }

    /// With the line to enter instead.
    private func refuse(_ program: ForeignProgram) {
        guard program == .copyID else {
            return context.withSetUpLine(for: "JOB") { [context] line in
                context.refuse(.foreignProgram(program, line: line))
            }
        }
        let line = context.service.selfService.map { _ in
            context.commandLine("keys add <~/.ssh/id_ed25519.pub")
        }
        context.refuse(.foreignProgram(program, line: line))
    }

    /// The person named no job: takes their only live one, or prints a list to choose from.
    private func chooseJob(for command: any JobCommand, of person: Person) {
        context.service.liveJobs(of: person, shared: false) { [unowned self] result in
            attempt { () throws(Refusal) in
                if case .failure(let error) = result, error.code == .notOffered { throw .noJobNamedNorListed }
                let list = try result.orRefuse()
                guard let only = list.jobs.first else { throw .noLiveJob }
                guard list.jobs.count == 1, list.next == nil else {
                    context.errors.write(JobTable(list.jobs, for: person).text)
                    throw .severalLiveJobs(atLeast: list.jobs.count, isAll: list.next == nil)
                }
                job = .success(only)
                try decide(command, only.id)
            }
        }
    }

    private func decide(_ command: any JobCommand, _ identifier: JobID) throws(Refusal) {
        guard let job else { return }
        let found = try job.orRefuse()
        // The service's own ids come first.
        if found == nil, let name = JobName(identifier.description), let service = context.service.attachments
        {
            return findJob(named: name, for: command, identifier, service)
        }
        try decide(command, identifier, found)
    }

    /// Attached machines have names; only jobs that this person may enter are found by them.
    private func findJob(
        named name: JobName, for command: any JobCommand, _ identifier: JobID,
        _ service: any AttachmentService
    ) {
        guard let person = principal?.person else { return }
        service.jobs(named: name, for: person) { [unowned self] result in
            attempt { () throws(Refusal) in
                // It has jobs without names.
                if case .failure(let error) = result, error.code == .notOffered {
                    return try decide(command, identifier, nil)
                }
                let list = try result.orRefuse()
                guard list.jobs.count < 2 else {
                    context.errors.write(JobTable(list.jobs, for: person).text)
                    throw .severalJobsNamed(name, list.jobs.count)
                }
                let only = list.jobs.first
                try decide(command, only?.id ?? identifier, only)
            }
        }
    }

    private func decide(_ command: any JobCommand, _ identifier: JobID, _ found: Job?) throws(Refusal) {
        guard let principal else { return }
        let permit: Permit
        do throws(Denial) {
            permit = try Permit.decide(type(of: command).action, on: identifier, found, for: principal)
        } catch {
            guard case .termsNotAccepted = error, terms == nil, asksAboutTerms,
                context.environment.hasTerminal
            else {
                throw .denied(error, to: principal, by: key)
            }
            return acceptTerms(of: principal.person, then: command)
        }
        authorized(.job(command, permit))
    }

    /// Asks about the terms once, and then starts again.
    private func acceptTerms(of person: Person, then command: any JobCommand) {
        terms = TermsQuestion(for: person, in: context) { [unowned self] _ in
            principal = nil
            job = nil
            ask(.success(.job(command)))
        }
        terms?.ask()
    }

    private func attempt(_ body: () throws(Refusal) -> Void) {
        do throws(Refusal) {
            try body()
        } catch {
            context.refuse(error)
        }
    }
}

extension Result<Request, UsageError> {
    /// What a person with this command has come for.
    fileprivate var keyUse: KeyUse {
        if case .success(.personal(let command)) = self, command is any AttachingCommand {
            .attaching
        } else {
            .everything
        }
    }
}

extension Result where Failure == ServiceError {
    fileprivate func orRefuse(aboutKey: Bool = false) throws(Refusal) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw aboutKey ? .notIdentified(error) : .service(error)
        }
    }
}
