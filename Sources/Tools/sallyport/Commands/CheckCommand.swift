import ArgumentParser
import Check
import ConfigurationFile
import Glibc
import Presentation

/// `check`: checks whether this gateway works and, if not, why.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check whether this gateway works and, if not, why.",
        discussion: """
            Asks sshd which settings are in force, looks at who can change what a login depends on, asks the build service, \
            and logs in with a key that nobody has. Changes nothing. Needs root. Exit status: 0 all is well, 1 logins work, \
            but something should be mended, 2 something does not work.
            """)

    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Option(help: "The account that people log in to; by default the one that the configuration names.")
    var account: String?
    @Option(help: "Where people come from, for settings of sshd's that depend on it.") var from =
        ClientAddress.anybodys
    @Option(
        help: ArgumentHelp(
            "A private key without a passphrase that the build service knows, to log in with it, too.",
            valueName: "file"))
    var identity: String?
    @Flag(help: "Answer in JSON.") var json = false

    func validate() throws {
        guard ClientAddress.isValid(from) else { throw ValidationError("--from must be an IP address.") }
    }

    func run() async throws {
        guard getuid() == 0 else {
            Failure(.noPermission, "This needs root: sudo sallyport check.").exit()
        }
        var checkup = Checkup()
        checkup.configuration = Input.absolute(config)
        checkup.account = account
        checkup.address = from
        checkup.identity = identity.map(Input.absolute)
        let report = await checkup.run()
        if json {
            reporting { () throws(Failure) in try JSONOutput.print(report) }
        } else {
            print(report.lines.joined(separator: "\n"))
        }
        switch report.state {
        case .ok: break
        case .warn: throw ExitCode(1)
        case .fail: throw ExitCode(2)
        }
    }
}
