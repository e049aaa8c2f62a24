import ArgumentParser
import AuthorizedKeys
import BuildAPI
import Conformance
import Presentation
import ServiceClient

/// `conformance`: whether a service is one that a gateway can work with.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Examine whether a build service keeps API v1.",
        discussion: """
            Submits two jobs of --owner's, follows them, claims the builder of the one that fails, and takes back what \
            it has made. Exit status: 0 all is kept, 1 something is broken, 69 nobody answers, 75 not now.
            """)

    @Argument(help: ArgumentHelp("unix:/path, http://… or https://…", valueName: "url")) var url: String
    @Option(help: "Whose jobs and keys.") var owner: String
    @Option(help: "Somebody else; gets a key for a while, and must not be let in.") var stranger: String =
        "conformance-stranger"
    @Option(help: "A manifest whose job fails in a few seconds and says something; without it, a small one.")
    var manifest: String?
    @Option(
        help:
            "A job of the owner's that has failed, with its builder kept, where none is to be submitted. Its builder ends."
    ) var job: String?
    @Option(help: "A public key that is the owner's already, where keys cannot be added.") var key: String?
    @Option(help: "A file with an operator's token, or a gateway's.") var tokenFile: String?
    @Option(help: "A file with a gateway's token, to see that it may do less.") var gatewayTokenFile: String?
    @Option(help: "A file with a token that may only look keys up.") var keysTokenFile: String?
    @Option(help: "Certificates, in PEM, that the service's own is checked against.") var authorities: String?
    @Option(help: "Seconds that the job may take to fail.") var patience = 300
    @Option(help: "The longest lease, in seconds, whose end is waited for.") var longestLease = 15
    @Flag(help: "Answer in JSON.") var json = false

    func validate() throws {
        guard patience > 0, longestLease >= 0 else { throw ValidationError("Seconds are at least 1.") }
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
            throw Failure(.usage, "\(HostileText.printable(url)) is not unix:/path and not a URL.")
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
                throw Failure(.usage, "\(HostileText.printable(job)) is not a job.")
            }
            options.job = id.description
        }
        if let manifest { options.manifest = try Input.read(manifest) }
        if let key { options.key = try KeyLines.parse(try Input.read(key)).first }
        options.token = try token(tokenFile)
        options.gatewayToken = try token(gatewayTokenFile)
        options.keysToken = try token(keysTokenFile)
        options.authorities = authorities
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
            throw Failure(.data, "\(HostileText.printable(path)) does not hold one token.")
        }
        return String(word)
    }

    private func show(_ report: Report) throws(Failure) {
        guard !json else { return try JSONOutput.print(report) }
        var table = Table(["CHECK", "", "WHAT A SERVICE KEEPS", "SEEN"])
        for finding in report.findings {
            table.add([finding.check.rawValue, finding.outcome.rawValue, finding.check.promise, finding.seen])
        }
        print(table.lines.joined(separator: "\n"))
        for left in report.left { print("left behind: \(HostileText.printable(left))") }
        print(
            "\(report.count(.kept)) kept, \(report.count(.broken)) broken, \(report.count(.skipped)) skipped")
    }
}
