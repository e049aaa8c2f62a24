public import ArgumentParser
public import BuildAPI

/// `tokens`: makes tokens with which other machines use a build service.
struct Tokens: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make tokens for gateways and operators on other machines.", subcommands: [NewToken.self])
}

/// `tokens new`: prints the token for one side and its hash for the other. It writes no file.
struct NewToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Print a new token, and the line that makes it valid.")

    @Argument(help: "A name for the token: letters, digits, -, _ and dots.") var name: String
    @Argument(help: "Its role: keys, gateway or operator.") var role: Role

    func run() {
        reporting { () throws(Failure) in
            let token = TokenEntry.newToken()
            guard let entry = TokenEntry(name: name, role: role, token: token) else {
                throw Failure(.data, "A name must have 1 to 64 letters, digits, dots, - and _.")
            }
            print(
                """
                The token, shown only this once. Put it into the file that [service] token_file names:
                \(token)
                Its line. Add it to the file that [runner] tokens names:
                \(entry.line)
                """)
        }
    }
}

extension Role: ExpressibleByArgument {}
