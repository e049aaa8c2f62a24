public import ArgumentParser
public import BuildAPI

/// `tokens`: what opens a build service from other machines.
struct Tokens: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make tokens for gateways and operators on other machines.", subcommands: [NewToken.self])
}

/// `tokens new`: the token for one side, its hash for the other. Nothing is written anywhere.
struct NewToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Print a new token, and the line that lets it in.")

    @Argument(help: "Whose it will be: letters, digits, - _ and dots.") var name: String
    @Argument(help: "One of keys, gateway and operator.") var role: Role

    func run() {
        reporting { () throws(Failure) in
            let token = TokenEntry.newToken()
            guard let entry = TokenEntry(name: name, role: role, token: token) else {
                throw Failure(.data, "A name has 1 to 64 letters, digits, dots, - and _.")
            }
            print(
                """
                The token, which is shown only now, for the file that [service] token_file names:
                \(token)
                The line for the file that [runner] tokens names there:
                \(entry.line)
                """)
        }
    }
}

extension Role: ExpressibleByArgument {}
