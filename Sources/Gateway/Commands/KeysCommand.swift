import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `keys`: the person's own public keys.
struct KeysCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "keys", aliases: ["key"], synopsis: "keys [list | add | confirm <word> | remove <key>]",
        summary: "manage your public keys; add reads them from standard input",
        details: """
            A key that you add is pending: log in with it and enter confirm, with the word that add prints.
            For a CI: add --attach-only [--expires 90d] [--from ADDRESS]…; it can only attach machines.
            remove takes a fingerprint, as list prints it. The key marked * is the one you are using now.
            """)
    static let syntax = Syntax(flags: ["--json", "--attach-only"], values: ["--expires"], lists: ["--from"])

    enum Task: Equatable {
        case list
        /// Reads the key from standard input.
        case add(KeyLimits?)
        case confirm(word: String)
        case remove(fingerprint: String)
    }

    let task: Task
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        json = arguments.has("--json")
        switch arguments.optionalWord() {
        case nil, "list": task = .list
        case "add": task = .add(try KeyLimits(arguments))
        case "confirm": task = .confirm(word: try arguments.word(.confirmation))
        case "remove": task = .remove(fingerprint: try arguments.word(.fingerprint))
        case let word?: throw UsageError(.unknownVerb, word: "keys \(word)")
        }
        if case .add = task { return }
        for option in ["--attach-only", "--expires", "--from"] where arguments.has(option) {
            throw UsageError(.needs("keys add"), word: option)
        }
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let service = try Self.service(in: context)
        switch task {
        case .list: list(service, principal.person, context)
        case .remove(let fingerprint): try remove(fingerprint, service, principal.person, context)
        case .confirm: throw .confirmedKey(fingerprint: context.key.fingerprint)
        case .add(let limits):
            if context.environment.hasTerminal {
                context.say("Paste the contents of a .pub file, then press Enter and Ctrl-D.")
            }
            return StandardInput(limit: 64 << 10, from: principal, in: context) { bytes in
                do throws(Refusal) {
                    try KeyAddition(for: principal.person, service, limits, json: json, in: context)
                        .add(bytes ?? [])
                } catch {
                    context.refuse(error)
                }
            }
        }
        return nil
    }

    private static func service(in context: SessionContext) throws(Refusal) -> any SelfService {
        guard let service = context.service.selfService else { throw .notOffered("“\(manual.name)”") }
        return service
    }

    private func list(_ service: any SelfService, _ person: Person, _ context: SessionContext) {
        service.keys(owner: person.id) { result in
            switch result {
            case .success(let list):
                context.answer(["keys": list.keys.map(KeyView.init)], json: json) {
                    list.keys.map { key in
                        let mark = key.fingerprint == context.key.fingerprint ? "*" : " "
                        return "\(mark) \(KeyView.line(of: key))\n"
                    }.joined()
                }
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
    }

    private func remove(
        _ fingerprint: String, _ service: any SelfService, _ person: Person, _ context: SessionContext
    ) throws(Refusal) {
        guard fingerprint != context.key.fingerprint else { throw .keyInUse }
        service.removeKey(fingerprint, owner: person.id) { result in
            switch result {
            case .success:
                context.journal.note("\(person.record) removes the key \(fingerprint)")
                context.audit.changed("removes the key \(fingerprint)")
                context.say("The key is removed.")
                context.finish(.success)
            case .failure(let error) where error.code == .noSuchKey: context.refuse(.noSuchKey(error))
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
    }
}

/// `keys confirm`: proves that the person has the key, since sshd let them in with it.
extension KeysCommand: PendingKeyCommand {
    var confirmsKey: Bool { if case .confirm = task { true } else { false } }

    func confirm(in context: SessionContext) throws(Refusal) {
        guard case .confirm(let word) = task else { return }
        let fingerprint = context.key.fingerprint
        try Self.service(in: context).confirmKey(fingerprint, KeyConfirmation(word: word)) { result in
            switch result {
            case .success(let key):
                context.journal.note("\(key.owner.record) confirms the key \(fingerprint)")
                context.audit.changed("confirms the key \(fingerprint)")
                context.answer(KeyView(key), json: json) {
                    "The key \(fingerprint) is \(key.owner.printableName)'s now.\n"
                        + (key.isForAttaching ? "All that it can do is to attach machines.\n" : "")
                }
            case .failure(let error) where error.code == .notPermitted:
                context.refuse(.wrongWord(error, fingerprint: fingerprint))
            case .failure(let error) where error.code == .noSuchKey:
                context.refuse(.notPending(error, fingerprint: fingerprint))
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
    }
}
