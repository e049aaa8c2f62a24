import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `people`: the people whom the service knows, and their rights.
struct People: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List people, suspend and remove them, make administrators and robots, and form groups.",
        subcommands: [
            ListPeople.self, SuspendPerson.self, ResumePerson.self, Promote.self, Demote.self, Join.self,
            Leave.self, MakeRobot.self, RemovePerson.self, ForgetPerson.self,
        ])
}

/// `people list`
struct ListPeople: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List everyone.")

    @OptionGroup var part: ListOptions
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let list: AccountList = try options.list(part.limit) { $0.people(page: $1, $2) }
            try options.answer(list) {
                var table = Table(["ID", "NAME", "ROLE", "STATE", "GROUPS"])
                for person in list.people {
                    table.add([
                        person.id, person.name,
                        person.robot == true ? "robot" : person.administrator ? "administrator" : "-",
                        person.suspended ? "suspended" : "-",
                        person.groups.map { $0.map(\.name).joined(separator: ", ") } ?? "-",
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
        abstract: "Suspend a person, who loses all rights. Their sessions end.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setSuspended(name, true, $1) } as Void }
    }
}

/// `people resume`
struct ResumePerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lift a suspension.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setSuspended(name, false, $1) } as Void }
    }
}

/// `people promote`
struct Promote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a person an administrator, who can enter other people's jobs.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setAdministrator(name, true, $1) } as Void }
    }
}

/// `people demote`
struct Demote: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an administrator an ordinary person again.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in try options.ask { $0.setAdministrator(name, false, $1) } as Void }
    }
}

/// `people join`
struct Join: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a person into a group. Its first member creates a group.")

    @Argument(help: "The person's name.") var name: String
    @Argument(help: "The group's name.") var group: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.setMember(name, of: Group(written: group), true, $1) } as Void
        }
    }
}

/// `people leave`
struct Leave: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a person out of a group. What the source of people says of it stays.")

    @Argument(help: "The person's name.") var name: String
    @Argument(help: "The group's name.") var group: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.setMember(name, of: Group(written: group), false, $1) } as Void
        }
    }
}

/// `people robot`
struct MakeRobot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "robot",
        abstract: "Make a robot, whose keys attach machines for its members: those in the group of its name.")

    @Argument(help: "The robot's name, which also becomes its members' group.") var name: String
    @Option(help: ArgumentHelp("People to add to its members, with commas between them.", valueName: "names"))
    var members: String?
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.setRobot(name, true, $1) } as Void
            for member in (members ?? "").split(separator: ",") {
                try options.ask { $0.setMember(String(member), of: Group(name: name), true, $1) } as Void
            }
        }
    }
}

/// `people remove`
struct RemovePerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a person's keys, shares and rights, which ends their sessions. Their jobs stay.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.remove(name, forgetting: false, $1) } as Void
        }
    }
}

/// `people forget`
struct ForgetPerson: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove a person, and make their id their name wherever one has to be kept.")

    @Argument(help: "The person's name.") var name: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.remove(name, forgetting: true, $1) } as Void
        }
    }
}
