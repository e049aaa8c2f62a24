import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import KeyForms
import Presentation
import ServiceClient

/// `keys add`: sends keys to the build service, and says what is left to do.
struct KeyAddition {
    private let person: Person
    private let service: any SelfService
    private let limits: KeyLimits?
    private let json: Bool
    private let context: SessionContext

    /// - Parameter limits: nil: the keys are to be good for everything.
    init(
        for person: Person, _ service: any SelfService, _ limits: KeyLimits? = nil, json: Bool,
        in context: SessionContext
    ) {
        self.person = person
        self.service = service
        self.limits = limits
        self.json = json
        self.context = context
    }

    /// - Parameter bytes: what the person has sent.
    func add(_ bytes: [UInt8]) throws(Refusal) {
        let keys: [SubmittedKeys.Key]
        do throws(KeyFormError) {
            keys = try SubmittedKeys(bytes).keys
        } catch {
            throw .unusableKey(error)
        }
        guard keys.count > 1 else { return add(keys[...], isOnly: true, after: []) }
        addNew(keys)
    }

    /// Among all of an agent's keys there is the one that they have logged in with.
    private func addNew(_ keys: [SubmittedKeys.Key]) {
        service.keys(owner: person.id) { result in
            let listed: [Key]
            switch result {
            case .success(let list): listed = list.keys
            case .failure(let error): return context.refuse(.serviceRefused(error, KeysCommand.manual.name))
            }
            let own = Set(listed.filter { !$0.isPending }.map(\.fingerprint))
            let (old, new) = (
                keys.filter { own.contains($0.key.fingerprint) },
                keys.filter { !own.contains($0.key.fingerprint) }
            )
            for key in old { context.say("The key \(key.key.fingerprint) is yours already.") }
            add(new[...], isOnly: false, after: [])
        }
    }

    /// One after the other. After a refusal, those before it stay.
    ///
    /// - Parameter isOnly: one key was sent.
    private func add(_ keys: ArraySlice<SubmittedKeys.Key>, isOnly: Bool, after added: [Key]) {
        guard let next = keys.first else { return answer(added, isOnly: isOnly) }
        let new = limits?.key(of: person.id, next.line, at: .now) ?? NewKey(owner: person.id, key: next.line)
        service.add(new, with: context.key.fingerprint) { result in
            switch result {
            case .success(let key):
                if limits != nil, !key.isForAttaching { return undo(next.key.fingerprint) }
                let pending = key.isPending ? ", which is pending" : ""
                let use = key.isForAttaching ? ", for attaching machines only" : ""
                let addition = "adds the key \(next.key.fingerprint)\(pending)\(use)"
                context.journal.note("\(person.record) \(addition)")
                context.audit.changed(addition)
                add(keys.dropFirst(), isOnly: isOnly, after: added + [key])
            case .failure(let error):
                for key in added { lines(about: key).forEach(context.say) }
                context.refuse(.serviceRefused(error, KeysCommand.manual.name))
            }
        }
    }

    /// A service that knows no limits has added a key that is good for everything.
    private func undo(_ fingerprint: String) {
        service.removeKey(fingerprint, owner: person.id) { result in
            if case .failure(let error) = result { context.journal.warn("\(error.debugDescription)") }
            context.refuse(.notOffered("keys for attaching only"))
        }
    }

    /// What JSON looks like depends on what was sent, not on what was new.
    private func answer(_ added: [Key], isOnly: Bool) {
        let views = added.map(KeyView.init)
        func text() -> String { added.flatMap(lines).map { $0 + "\n" }.joined() }
        if isOnly {
            context.answer(views[0], json: json, text: text)
        } else {
            context.answer(["keys": views], json: json, text: text)
        }
    }

    private func lines(about key: Key) -> [String] {
        let name = "The key \(HostileText.printable(key.fingerprint, limit: 60))"
        guard key.isPending else {
            return [
                "\(name) is yours now.\(key.isForAttaching ? " All that it can do is to attach machines." : "")"
            ]
        }
        let limit = key.expires.map { " by \(TimeLeft.moment($0))" } ?? ""
        let word = HostileText.printable(key.word ?? "WORD", limit: 40)
        return [
            "\(name) is pending. To show that you have it, log in with it\(limit). FILE is the key's file:",
            context.commandLine("keys confirm \(word)", identity: "FILE"),
        ]
    }
}
