import ArgumentParser
import Audit
import AuditReading
import BuildAPI
import CommandGrammar
import ConfigurationFile
import FoundationEssentials
import Presentation

/// `audit`: what has happened on this host, from the audit records.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show or verify the audit records of this host.",
        discussion: """
            Reads the files that the configuration names, with those that logrotate has made of them, or else the journal. With \
            --verify, exit status 1 says that a record is missing or was changed.
            """)

    @Option(help: "Only what is about this person: their name or id.") var person: String?
    @Option(help: ArgumentHelp("Only what is about this job.", valueName: "job"), transform: JobArgument.read)
    var job: JobID?
    @Option(help: "Only this session, as messages and logs name it.") var session: String?
    @Option(
        help: ArgumentHelp(
            "Only what has happened since then: 2026-11-30, 2026-11-30T08:00:00Z, or how long ago, such as 2h or 7d.",
            valueName: "time"))
    var since: Moment?
    @Flag(help: "Verify that no record is missing or was changed.") var verify = false
    @Flag(help: "Remove the files all of whose records are older than audit_retention; logrotate does.")
    var removeOld = false
    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Flag(help: "Answer in JSON, one record on each line.") var json = false

    func validate() throws {
        if verify || removeOld, person != nil || job != nil || session != nil || since != nil {
            throw ValidationError("--verify and --remove-old are about all records.")
        }
        if verify, removeOld { throw ValidationError("--verify and --remove-old exclude each other.") }
    }

    func run() async throws {
        let isIntact: Bool
        do throws(Failure) {
            isIntact = try await answer(AuditTrail(try configuration()))
        } catch {
            error.exit()
        }
        if !isIntact { throw ExitCode(1) }
    }

    /// - Returns: whether no record is missing or was changed, as far as that was asked.
    private func answer(_ trail: AuditTrail) async throws(Failure) -> Bool {
        do throws(AuditFiles.Failure) {
            if verify { return try verify(try await trail.verdicts()) }
            if removeOld {
                for path in try await trail.removeOldFiles(at: .now) { print("\(path) is removed.") }
            } else {
                show(try await trail.records(question))
            }
            return true
        } catch {
            throw Failure(.noInput, HostileText.printable(error.description))
        }
    }

    private func configuration() throws(Failure) -> Configuration {
        do throws(ConfigurationError) {
            return try ConfigurationFile.read(config)
        } catch {
            throw Failure(.configuration, error.description)
        }
    }

    private var question: AuditTrail.Question {
        var question = AuditTrail.Question()
        question.person = person
        question.job = job.map { "\($0)" }
        question.session = session
        question.since = since?.date
        return question
    }

    private func show(_ records: [StoredAuditRecord]) {
        guard !json else {
            for record in records { print(record.line) }
            return
        }
        print(records.isEmpty ? "There is no such record." : AuditTable(records).text)
    }

    private func verify(_ verdicts: [AuditTrail.Verdict]) throws(AuditFiles.Failure) -> Bool {
        guard !verdicts.isEmpty else {
            throw .noFile
        }
        for verdict in verdicts { print(json ? Self.json(verdict) : verdict.lines.joined(separator: "\n")) }
        return verdicts.allSatisfy(\.faults.isEmpty)
    }

    private static func json(_ verdict: AuditTrail.Verdict) -> String {
        (try? HostileText.json(verdict)) ?? "{}"
    }
}

/// A moment as people write it: a day, a time, or how long ago it was.
struct Moment: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        if let duration = Duration(written: argument) {
            date = Date(timeIntervalSinceNow: -Double(duration.components.seconds))
        } else if let moment = try? Date(argument, strategy: .iso8601) {
            date = moment
        } else if let day = try? Date(argument, strategy: .iso8601.year().month().day()) {
            date = day
        } else {
            return nil
        }
    }
}
