import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `keys`: the person's own public keys.
struct KeysCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "keys", aliases: ["key"], synopsis: "keys [list | add | remove <key>]",
        summary: "manage your public keys; add reads one from standard input",
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
                context.say("Paste one line of a .pub file, then press Enter and Ctrl-D.")
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
        let text = String(decoding: bytes, as: UTF8.self)
        // Check this before any other code looks at it, or repeats it.
        guard !text.contains("PRIVATE KEY") else { throw .privateKey }
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        guard lines.count == 1, let line = lines.first,
            let (key, _) = try? PublicKey.parse(line: String(line))
        else { throw .noPublicKey }
        service.add(NewKey(owner: person.id, key: String(line))) { result in
            switch result {
            case .success(let added):
                context.journal.note("\(person.record) adds the key \(key.fingerprint)")
                context.answer(View(added), json: json) { "The key \(key.fingerprint) is yours now.\n" }
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
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
