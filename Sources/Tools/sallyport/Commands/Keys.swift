import ArgumentParser
import AuthorizedKeys
import BuildAPI
import CommandGrammar
import FoundationEssentials
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
    @Flag(help: "The keys can do nothing but attach machines: for the secrets of a CI.") var attachOnly =
        false
    @Flag(
        help:
            "The keys can do nothing but bring machines that somebody adopts: for everybody, as sallyport-attach --pair needs one where unknown keys do not get in."
    )
    var pairOnly = false
    @Option(
        help: ArgumentHelp(
            "With --attach-only or --pair-only: when they expire, such as 90d.", valueName: "duration"))
    var expires: Lasting?
    @Option(
        help: ArgumentHelp(
            "With --attach-only or --pair-only: an address, or a range such as 192.0.2.0/24, that they are good from; can be repeated.",
            valueName: "address"),
        transform: { text in
            guard let range = AddressRange(text) else {
                throw ValidationError(
                    "“\(HostileText.printable(text))” is no address, and no range like 192.0.2.0/24.")
            }
            return range
        })
    var from: [AddressRange] = []
    @OptionGroup var options: ServiceOptions

    func validate() throws {
        guard attachOnly || pairOnly || expires == nil && from.isEmpty else {
            throw ValidationError(
                "--expires and --from are for keys that are added with --attach-only or --pair-only.")
        }
        guard !attachOnly || !pairOnly else {
            throw ValidationError("A key is added with --attach-only or with --pair-only, not with both.")
        }
    }

    func run() {
        reporting { () throws(Failure) in
            let end = expires.map { Date().addingTimeInterval(Double($0.duration.components.seconds)) }
            let lines = try KeyLines.parse(try Input.read(path))
            var added: [Key] = []
            for line in lines {
                let new = NewKey(
                    owner: owner, key: line, limits: limits, expires: end,
                    from: from.isEmpty ? nil : from.map(\.description))
                added.append(try options.ask { $0.add(new, with: nil, $1) })
            }
            try options.answer(KeyList(keys: added)) {
                added.map { key in
                    let limit = key.limits.flatMap(Self.spoken).map { ", and limited to \($0)" } ?? ""
                    return "\(key.fingerprint) is \(HostileText.printable(key.owner.name))'s\(limit)"
                }.joined(separator: "\n")
            }
        }
    }
}

extension AddKeys {
    private var limits: [Key.Limit]? { attachOnly ? [.attach] : pairOnly ? [.pair] : nil }

    private static func spoken(_ limits: [Key.Limit]) -> String? {
        switch limits {
        case [.attach]: "attaching"
        case [.pair]: "pairing"
        default: nil
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
                    table.add([owner, key.type, key.fingerprint, Self.state(key), key.comment])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }
}

extension ListKeys {
    /// What restricts it, in words for the table.
    private static func state(_ key: Key) -> String {
        var words: [String] = []
        let limits = key.limits ?? []
        if limits.contains(.confirm) { words.append("pending") }
        if limits.contains(.attach) || limits.contains(.pair) {
            words.append(limits.contains(.attach) ? "attach only" : "pair only")
            if !limits.contains(.confirm), let expires = key.expires {
                words.append("until \(expires.formatted(.iso8601))")
            }
            if let from = key.from, !from.isEmpty { words.append("from \(from.joined(separator: " "))") }
        }
        guard words.isEmpty else { return words.joined(separator: ", ") }
        return key.isUnlimited ? "-" : "limited"
    }
}

/// A duration as people write it: `90d`.
struct Lasting: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(written: argument), duration > .zero else { return nil }
        self.duration = duration
    }
}

/// `keys remove`
struct RemoveKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a key. Sessions that were opened with it end.")

    @Argument(help: "The fingerprint, as keys list shows it.") var fingerprint: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            try options.ask { $0.removeKey(fingerprint, owner: nil, $1) } as Void
        }
    }
}
