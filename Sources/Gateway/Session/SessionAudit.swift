import Audit
import AuditLog
import AuthorizedKeys
import BuildAPI
import CommandGrammar
import ConfigurationFile
import FoundationEssentials
import Policy

/// The audit records of one session: who has come, for what, by which rule, and what became of it.
final class SessionAudit {
    private let write: (AuditRecord) throws(AuditFailure) -> Void
    private let journal: Journal
    private let isRequired: Bool
    private let commands: Bool
    private let start = Date.now
    /// What is known so far; it stands in every record.
    private var known: [AuditRecord.Field: AuditRecord.Value] = [:]
    private var hasWarned = false
    private var isInside = false

    /// - Parameter write: writes a record.
    init(
        _ settings: Configuration.Gateway, journal: Journal,
        write: @escaping (AuditRecord) throws(AuditFailure) -> Void
    ) {
        self.journal = journal
        self.write = write
        isRequired = settings.auditIsRequired
        commands = settings.auditsCommands
        known[.session] = .text(journal.session)
    }

    /// For a session of this gateway.
    ///
    /// - Parameter credential: nil: sshd does not say who has authenticated.
    convenience init(
        _ configuration: Configuration, _ environment: SessionEnvironment, _ credential: Credential?,
        journal: Journal
    ) {
        let gateway = configuration.gateway
        let host = SessionContext.hostName()
        let log = AuditLog(
            gateway.audit, program: "sallyport-shell", host: host,
            [
                .gateway: .text(gateway.name ?? gateway.publicHost ?? host),
                .service: .text(configuration.spokenService),
            ])
        self.init(gateway, journal: journal) { (record) throws(AuditFailure) in try log.write(record) }
        var record = AuditRecord(.login)
        record[.from] = environment.clientAddress
        record[.key] = credential?.key.fingerprint
        record[.keyType] = credential?.key.type
        record[.certificateSerial] = credential?.certificate.map { "\($0.serial)" }
        record[.certificateID] = credential?.certificate?.keyID
        record[.certificateAuthority] = credential?.certificate?.authority.fingerprint
        if commands {
            record[.command] = environment.originalCommand.map { String(decoding: $0, as: UTF8.self) }
        }
        keep(record)
    }

    // MARK: What happens, in this order

    /// It is known who has come.
    func identified(_ comer: Authorization.Comer) throws(Refusal) {
        var record = AuditRecord(.login)
        if case .person(let person, _) = comer {
            record.set(person)
            keep(record)
        } else {
            record[.text] = "a machine that is nobody's"
        }
        try require(record)
    }

    /// It is known what the person wants, as far as that can be understood.
    func wanted(_ request: Result<Request, UsageError>) {
        var record = AuditRecord(.verb)
        switch request {
        case .success(.personal(let command)): record[.verb] = Self.verb(of: command)
        case .success(.job(let command)):
            record[.verb] = Self.verb(of: command)
            record[.job] = command.job.map { "\($0)" }
        case .failure(let error): record[.verb] = error.verb
        }
        keep(record)
    }

    /// The policy permits that with this job.
    func permitted(_ permit: Permit) {
        var record = AuditRecord(.decision)
        record.set(permit)
        keep(record)
    }

    private static func verb(of command: Any) -> String {
        (command as? any Command).map { type(of: $0).manual.name } ?? "greeting"
    }

    /// The command is allowed, and begins.
    func allowed(_ command: AuthorizedCommand) throws(Refusal) {
        if case .job(_, let permit) = command { permitted(permit) }
        var record = AuditRecord(.decision)
        record[.decision] = "allow"
        record[.rule] = command.rule
        try require(record)
        try require(AuditRecord(.verb))
    }

    /// The service keeps the builder for this session.
    ///
    /// - Parameter reason: why an administrator enters.
    func claimed(_ claim: Claim, _ kind: Claim.Kind, reason: String?) {
        var record = AuditRecord(.claim)
        record[.reason] = reason
        record[.claim] = claim.id
        record[.kind] = kind.rawValue
        keep(record)
        put(record)
    }

    /// The person goes into the builder.
    func entered(_ fields: [AuditRecord.Field: AuditRecord.Value]) throws(Refusal) {
        var record = AuditRecord(.entry)
        record.add(fields)
        isInside = true
        try require(record)
    }

    /// Something was changed for the person at the build service.
    ///
    /// - Parameter job: the one that it is about, if the command does not name it.
    func changed(_ text: String, job: JobID? = nil) {
        var record = AuditRecord(.change)
        record[.job] = job.map { "\($0)" }
        record[.text] = text
        put(record)
    }

    func refused(_ refusal: Refusal) {
        var record = AuditRecord(.refusal)
        if case .denied(let denial, let principal, _) = refusal {
            var decision = AuditRecord(.decision)
            decision.set(principal?.person)
            decision[.job] = denial.job.map { "\($0.id)" }
            decision[.role] = principal.flatMap { person in
                denial.job.map { Standing(of: person, to: $0).rawValue }
            }
            keep(decision)
            decision[.decision] = "deny"
            decision[.rule] = refusal.rule
            put(decision)
            record[.rule] = refusal.rule
        }
        let message = refusal.message
        record[.text] = text(of: refusal) ?? message.cause
        record.set(.status, Int(message.status.code))
        put(record)
    }

    /// Without the person's words, which can be anything, unless records have commands; nil: there are none in it.
    private func text(of refusal: Refusal) -> String? {
        guard case .usage(let error) = refusal, !commands else { return nil }
        return "usage: \(String(describing: error.code).prefix { $0 != "(" })"
    }

    /// The session's recording is complete.
    ///
    /// - Parameter hash: its SHA-256.
    func recorded(_ hash: String) {
        known[.recording] = .text(hash)
    }

    /// - Parameters:
    ///   - received: bytes that the client has sent into the builder.
    ///   - sent: bytes that the client was sent.
    func ended(_ status: ExitStatus, received: Int, sent: Int) {
        var record = AuditRecord(.exit)
        record.set(.status, Int(status.code))
        record.set(.start, start)
        record.set(.end, Date.now)
        record.set(.sent, sent)
        if isInside { record.set(.received, received) }
        put(record)
    }

    // MARK: Writing

    /// Later records have it, too.
    private func keep(_ record: AuditRecord) {
        known.merge(record.values) { _, new in new }
    }

    private func put(_ record: AuditRecord) {
        do throws(Refusal) {
            try require(record)
        } catch {
            // What has happened has happened.
        }
    }

    private func require(_ record: AuditRecord) throws(Refusal) {
        var record = record
        record.add(known)
        do throws(AuditFailure) {
            try write(record)
        } catch {
            if !hasWarned { journal.warn("audit records cannot be written: \(error)") }
            hasWarned = true
            if isRequired { throw .notAudited(error.description) }
        }
    }
}

extension AuditRecord {
    fileprivate mutating func set(_ permit: Permit) {
        let job = permit.job
        self[.job] = "\(job.id)"
        self[.owner] = job.owner.name
        self[.pool] = job.pool ?? (job.attached == nil ? Configuration.Runner.localPool : nil)
        self[.role] = permit.standing.rawValue
        guard permit.standing == .shared else { return }
        self[.sharedWith] = permit.share?.name
    }
}

extension Denial {
    /// The job that it is about.
    fileprivate var job: Job? {
        switch self {
        case .ownersOnly(let job), .othersJob(let job), .concealed(let job): job
        default: nil
        }
    }
}

extension Configuration {
    /// The build service, as audit records name it.
    fileprivate var spokenService: String {
        service.kind == .sourcehut ? sourcehut.workerURL : service.url
    }
}
