import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `people`: who is known, and who may do what.
struct People: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show people, suspend them, and make administrators.",
        subcommands: [ListPeople.self, SuspendPerson.self, ResumePerson.self, Promote.self, Demote.self])
}

/// `people list`
struct ListPeople: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show everybody.")

    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let people = try options.ask { $0.people($1) }
            try options.answer(AccountList(people: people)) {
                var table = Table(["ID", "NAME", "ROLE", "STATE"])
                for person in people {
                    table.add([
                        person.id, person.name, person.administrator ? "administrator" : "-",
                        person.suspended ? "suspended" : "-",
                    ])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }
}

/// `people suspend`
struct SuspendPerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Let a person do nothing. Their sessions end at the next heartbeat.")

    @Argument(help: "Who.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setSuspended(name, true, $1) } as Void }
    }
}

/// `people resume`
struct ResumePerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Take a suspension back.")

    @Argument(help: "Who.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setSuspended(name, false, $1) } as Void }
    }
}

/// `people promote`
struct Promote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a person an administrator, who may enter other people's jobs.")

    @Argument(help: "Who.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setAdministrator(name, true, $1) } as Void }
    }
}

/// `people demote`
struct Demote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an administrator a person like others.")

    @Argument(help: "Who.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setAdministrator(name, false, $1) } as Void }
    }
}
