import ArgumentParser
import AuthorizedKeys
import BuildAPI
import Conformance
import Presentation
import ServiceClient

/// `conformance`: tests whether a gateway can work with a service.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Test whether a build service conforms to API v1.",
        discussion: """
            Submits two jobs for --owner, follows them, claims the builder of the one that fails, and removes what it \
            has made. Exit status: 0 nothing is broken, 1 something is broken, 69 no answer, 75 try again later.
            """)

    @Argument(help: ArgumentHelp("unix:/path, http://… or https://…", valueName: "url")) var url: String
    @Option(help: "The person to submit jobs and add keys for.") var owner: String
    @Option(help: "Another person, who gets a key for a while and must not get in.") var stranger: String =
        "conformance-stranger"
    @Option(help: "A manifest whose job prints something and fails in a few seconds; by default a small one.")
    var manifest: String?
    @Option(help: "Submit nothing; use this failed job of the owner. Its kept builder ends.")
    var job: String?
    @Option(help: "Add no keys; use this public key, which the owner already has.") var key: String?
    @Option(help: "How much of API v1 the service offers: connect, follow or full.", transform: level(named:))
    var level = Level.full
    @Option(help: "A file with the token of an operator or a gateway.") var tokenFile: String?
    @Option(help: "A gateway's token file, to check that it can do less.") var gatewayTokenFile: String?
    @Option(help: "A file with a token that can only look keys up.") var keysTokenFile: String?
    @Option(help: "A file of certificate authorities to trust, in PEM.") var authorities: String?
    @Option(help: "How many seconds to wait for the job to fail.") var patience = 300
    @Option(help: "Wait for a lease to run out only if it is no longer, in seconds.") var longestLease = 15
    @Flag(help: "Answer in JSON.") var json = false

    private static func level(named name: String) throws -> Level {
        guard let level = Level(rawValue: name) else {
            throw ValidationError("it is connect, follow or full.")
        }
        return level
    }

    func validate() throws {
        guard patience > 0, longestLease >= 0 else {
            throw ValidationError("--patience must be at least 1, and --longest-lease at least 0.")
        }
        guard level == .full || (job != nil && key != nil) else {
            throw ValidationError(
                "--level \(level.rawValue) needs --job and --key, because it submits no job and adds no key.")
        }
    }

    func run() throws {
        var report: Report?
        reporting { () throws(Failure) in report = try examine() }
        guard let report else { return }
        reporting { () throws(Failure) in try show(report) }
        if !report.isKept { throw ExitCode(1) }
    }

    private func examine() throws(Failure) -> Report {
        guard let endpoint = Endpoint(url) else {
            throw Failure(.usage, "\(HostileText.printable(url)) is neither unix:/path nor a URL.")
        }
        let examination = Examination(of: endpoint, try options())
        do throws(Unreachable) {
            return try examination.run()
        } catch {
            guard error.isTransient else {
                throw Failure(
                    .unavailable,
                    "The build service cannot be reached: \(HostileText.printable(error.cause)).")
            }
            throw Failure(
                .tryAgain, "The build service cannot answer now: \(HostileText.printable(error.cause)).")
        }
    }

    private func options() throws(Failure) -> Options {
        var options = Options(owner: owner)
        options.stranger = stranger
        if let job {
            guard let id = JobID(job) else {
                throw Failure(.usage, "\(HostileText.printable(job)) is not a job's id.")
            }
            options.job = id.description
        }
        if let manifest { options.manifest = try Input.read(manifest) }
        if let key { options.key = try KeyLines.parse(try Input.read(key)).first }
        options.token = try token(tokenFile)
        options.gatewayToken = try token(gatewayTokenFile)
        options.keysToken = try token(keysTokenFile)
        options.authorities = authorities
        options.level = level
        (options.patience, options.longestLease) = (patience, longestLease)
        return options
    }

    /// The only word in a file.
    private func token(_ path: String?) throws(Failure) -> String? {
        guard let path else { return nil }
        let words = String(decoding: try Input.read(path), as: UTF8.self).split(
            whereSeparator: \.isWhitespace)
        guard words.count == 1, let word = words.first, word.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw Failure(.data, "\(HostileText.printable(path)) must contain exactly one token.")
        }
        return String(word)
    }

    private func show(_ report: Report) throws(Failure) {
        guard !json else { return try JSONOutput.print(report) }
        var table = Table(["CHECK", "", "REQUIREMENT", "SEEN"])
        for finding in report.findings {
            table.add([finding.check.rawValue, finding.outcome.rawValue, finding.check.promise, finding.seen])
        }
        print(table.lines.joined(separator: "\n"))
        for left in report.left { print("left behind: \(HostileText.printable(left))") }
        print(
            "level \(report.level.rawValue): \(report.count(.kept)) kept, \(report.count(.broken)) broken, \(report.count(.skipped)) skipped"
        )
    }
}
