import ArgumentParser
import AuthorizedKeys
import BuildAPI
import Presentation
import ServiceClient

/// `keys`: whose key is whose.
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, add and remove the keys that people log in with.",
        subcommands: [AddKeys.self, ListKeys.self, RemoveKey.self])
}

/// `keys add`: one key or several, one per line.
struct AddKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add public keys to a person; the first one creates the person.")

    @Argument(help: "The person's name.") var owner: String
    @Argument(help: ArgumentHelp("A .pub file; - is standard input.", valueName: "file")) var path: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let lines = try KeyLines.parse(try Input.read(path))
            var added: [Key] = []
            for line in lines {
                added.append(try options.ask { $0.add(NewKey(owner: owner, key: line), with: nil, $1) })
            }
            try options.answer(KeyList(keys: added)) {
                added.map { "\($0.fingerprint) is \(HostileText.printable($0.owner.name))'s" }.joined(
                    separator: "\n")
            }
        }
    }
}

/// `keys list`
struct ListKeys: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List keys.")

    @Argument(help: "Only this person's; by default everyone's.") var owner: String?
    @OptionGroup var part: ListOptions
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let list: KeyList = try options.list(part.limit) { $0.keys(owner: owner, page: $1, $2) }
            try options.answer(list) {
                var table = Table(["OWNER", "TYPE", "FINGERPRINT", "STATE", "COMMENT"])
                for key in list.keys {
                    let owner = key.suspended ? "\(key.owner.name) (suspended)" : key.owner.name
                    let state = key.isUnlimited ? "-" : "pending"
                    table.add([owner, key.type, key.fingerprint, state, key.comment])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }
}

/// `keys remove`
struct RemoveKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a key. Sessions that were opened with it end at their next heartbeat.")

    @Argument(help: "The fingerprint, as keys list shows it.") var fingerprint: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.removeKey(fingerprint, owner: nil, $1) } as Void
        }
    }
}
