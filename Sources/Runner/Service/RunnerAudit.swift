import Audit
import AuditLog
import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Logging
import Policy

/// The runner's audit records.
struct RunnerAudit: Sendable {
    /// The gateway's session that has sent the request which is being answered; nil: none.
    @TaskLocal static var session: String?

    private let append: @Sendable (AuditRecord, Date) throws(AuditFailure) -> Void
    private let logger: Logger
    private let timekeeper: Timekeeper

    /// - Parameter append: writes a record; by default nowhere.
    init(
        _ timekeeper: Timekeeper, _ logger: Logger,
        append: @escaping @Sendable (AuditRecord, Date) throws(AuditFailure) -> Void = { _, _ in }
    ) {
        self.append = append
        self.timekeeper = timekeeper
        self.logger = logger
    }

    init(_ log: AuditLog, _ timekeeper: Timekeeper, _ logger: Logger) {
        self.init(timekeeper, logger) { (record, now) throws(AuditFailure) in try log.write(record, at: now) }
    }

    /// What has happened has happened: if the record cannot be written, the log says so.
    func write(_ record: AuditRecord) {
        var record = record
        record[.session] = record[.session] ?? Self.session
        do throws(AuditFailure) {
            try append(record, timekeeper.now())
        } catch {
            logger.error("an audit record cannot be written: \(error)")
        }
    }

    /// Logs what an operator has done, and records it.
    func administration(_ sentence: String, about person: Person? = nil) {
        logger.info("\(sentence)")
        var record = AuditRecord(.administration)
        record.set(person)
        record[.text] = sentence
        write(record)
    }

    /// The same for what people change about themselves.
    func change(_ sentence: String, by person: Person, terms: String? = nil) {
        logger.info("\(sentence)")
        var record = AuditRecord(.change)
        record.set(person)
        record[.terms] = terms
        record[.text] = sentence
        write(record)
    }

    /// A rule or a limit refuses what a client wants.
    func refusal(_ error: RunnerError, of request: String, about job: JobID?, by client: String) {
        var record = AuditRecord(.refusal)
        record[.verb] = request
        record[.job] = job.map { "\($0)" }
        record[.rule] = error.description
        record[.text] = "asked by \(client)"
        write(record)
    }
}

extension AuditRecord {
    /// Something about a session inside a builder.
    init(_ event: Event, _ claim: StandingClaim) {
        self.init(event)
        self[.session] = claim.session
        self[.from] = claim.from
        self[.key] = claim.fingerprint
        self[.claim] = claim.id
        self[.kind] = claim.kind.rawValue
        set(claim.person)
    }

    /// The end of a session inside a builder. When it is written is the end's time.
    init(endOf claim: StandingClaim) {
        self.init(.exit, claim)
        set(.start, claim.since)
    }

    /// Something that somebody asks of a job.
    init(_ verb: String, by requester: Requester, on job: Job) {
        self.init(requester.principal == nil ? .administration : .change)
        self[.verb] = verb
        set(requester.person)
        self[.role] = requester.principal.map { Standing(of: $0, to: job).rawValue }
    }
}

extension Effect {
    /// A record of what happens by itself.
    static func audit(_ sentence: String) -> Effect { .audit(sentence, AuditRecord(.change)) }
}
