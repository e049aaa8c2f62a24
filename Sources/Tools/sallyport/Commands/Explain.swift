import ArgumentParser
import Check
import ConfigurationFile
import Glibc
import Presentation

/// `explain`: says why somebody's login is let in or refused.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what this gateway would do with somebody's login, and why.",
        discussion: """
            Goes through the login as sshd, the dispatcher and the forced command do, without doing anything: what sshd's settings \
            say, what the dispatcher prints, what the build service is asked and answers, which rule decides, and what the person \
            reads. Needs root. Exit status: 0 they are let in, 1 they are refused.
            """)

    @Option(
        help: ArgumentHelp(
            "Their key: a .pub file, or a fingerprint as ssh-keygen -l and keys list print it.",
            valueName: "file or fingerprint"))
    var key: String
    @Option(help: "The address that they come from.") var from = ClientAddress.anybodys
    @Flag(name: [.customShort("t"), .long], help: "They ask for a terminal, as with ssh -t.") var terminal =
        false
    @Option(help: "The account that they log in to; by default the one that the configuration names.")
    var account: String?
    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Flag(help: "Answer in JSON.") var json = false
    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("What they type after the host, such as connect 42.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard ClientAddress.isValid(from) else { throw ValidationError("--from must be an IP address.") }
    }

    func run() async throws {
        guard getuid() == 0 else {
            Failure(.noPermission, "This needs root: sudo sallyport explain …").exit()
        }
        let answer: LoginAnswer
        do throws(Failure) {
            answer = try await ask()
        } catch {
            error.exit()
        }
        if json {
            reporting { () throws(Failure) in try JSONOutput.print(answer) }
        } else {
            print(answer.lines.joined(separator: "\n"))
        }
        if !answer.isLetIn { throw ExitCode(1) }
    }

    private func ask() async throws(Failure) -> LoginAnswer {
        var question: LoginQuestion
        do throws(OfferedKey.Failure) {
            question = LoginQuestion(about: try OfferedKey(key))
        } catch {
            throw Failure(.noInput, HostileText.printable(error.sentence))
        }
        question.configuration = Input.absolute(config)
        question.address = from
        question.account = account
        question.hasTerminal = terminal
        question.command = command.isEmpty ? nil : command.joined(separator: " ")
        do throws(LoginQuestion.Failure) {
            return try await question.answer()
        } catch {
            switch error {
            case .configuration(let error): throw Failure(.configuration, error.description)
            case .service(let error): throw Failure(error)
            case .noFingerprints:
                throw Failure(
                    .data, "This build service finds keys, but no fingerprints: name the person's .pub file.")
            }
        }
    }
}
