import AuthorizedKeys
import BuildAPI
import CommandGrammar
import KeyForms
import Policy
import Presentation
import ServiceClient

/// `keys`: the person's own public keys.
struct KeysCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "keys", aliases: ["key"], synopsis: "keys [list | add | remove <key>]",
        summary: "manage your public keys; add reads them from standard input",
        details:
            "remove takes a fingerprint, as list prints it. The key marked * is the one you are using now.")
    static let syntax = Syntax(flags: ["--json"])

    enum Task: Equatable {
        case list
        /// Reads the key from standard input.
        case add
        case remove(fingerprint: String)
    }

    let task: Task
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        json = arguments.has("--json")
        switch arguments.optionalWord() {
        case nil, "list": task = .list
        case "add": task = .add
        case "remove": task = .remove(fingerprint: try arguments.word(.fingerprint))
        case let word?: throw UsageError(.unknownVerb, word: "keys \(word)")
        }
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let service = context.service.selfService else { throw .notOffered("“\(Self.manual.name)”") }
        switch task {
        case .list: list(service, principal.person, context)
        case .remove(let fingerprint): try remove(fingerprint, service, principal.person, context)
        case .add:
            if context.environment.hasTerminal {
                context.say("Paste the contents of a .pub file, then press Enter and Ctrl-D.")
            }
            return StandardInput(limit: 64 << 10, in: context) { bytes in
                do throws(Refusal) {
                    try add(bytes ?? [], service, principal.person, context)
                } catch {
                    context.refuse(error)
                }
            }
        }
        return nil
    }

    private func list(_ service: any SelfService, _ person: Person, _ context: SessionContext) {
        service.keys(owner: person.id) { result in
            switch result {
            case .success(let keys):
                context.answer(["keys": keys.map(View.init)], json: json) {
                    keys.map { key in
                        let mark = key.fingerprint == context.key.fingerprint ? "*" : " "
                        let comment = HostileText.printable(key.comment, limit: 60)
                        return "\(mark) \(HostileText.printable(key.fingerprint, limit: 60)) \(comment)\n"
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
                context.say("The key is removed.")
                context.finish(.success)
            case .failure(let error) where error.code == .noSuchKey: context.refuse(.noSuchKey(error))
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
    }

    private func add(
        _ bytes: [UInt8], _ service: any SelfService, _ person: Person, _ context: SessionContext
    ) throws(Refusal) {
        let keys: [SubmittedKeys.Key]
        do throws(KeyFormError) {
            keys = try SubmittedKeys(bytes).keys
        } catch {
            throw .unusableKey(error)
        }
        add(keys[...], [], service, person, context)
    }

    /// One after the other. After a refusal, those before it stay.
    private func add(
        _ keys: ArraySlice<SubmittedKeys.Key>, _ added: [Key], _ service: any SelfService, _ person: Person,
        _ context: SessionContext
    ) {
        guard let next = keys.first else { return answer(added, context) }
        service.add(NewKey(owner: person.id, key: next.line)) { result in
            switch result {
            case .success(let key):
                context.journal.note("\(person.record) adds the key \(next.key.fingerprint)")
                add(keys.dropFirst(), added + [key], service, person, context)
            case .failure(let error):
                for key in added { context.say(Self.sentence(key)) }
                context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
    }

    private func answer(_ added: [Key], _ context: SessionContext) {
        let views = added.map(View.init)
        guard json, views.count > 1 else {
            return context.answer(views[0], json: json) {
                added.map { Self.sentence($0) + "\n" }.joined()
            }
        }
        context.answer(["keys": views], json: true) { "" }
    }

    private static func sentence(_ key: Key) -> String {
        "The key \(HostileText.printable(key.fingerprint, limit: 60)) is yours now."
    }

    private struct View: Encodable {
        let fingerprint: String
        let type: String
        let comment: String

        init(_ key: Key) {
            fingerprint = key.fingerprint
            type = key.type
            comment = key.comment
        }
    }
}
