import BuildAPI
import FoundationEssentials
import KeyForms

/// A person as their source describes them.
struct SourcedPerson: Equatable, Sendable {
    let name: String
    /// Each once. Those with which nobody can log in are left out.
    let keys: [SubmittedKeys.Key]
    var isSuspended = false
    var isAdministrator = false
    var groups: Set<Group> = []

    /// The most bytes of an answer.
    static let maximumSize = 1 << 20

    /// - Parameter lines: of keys, as in authorized_keys, without options.
    init(name: String, lines: [some StringProtocol]) throws(SourceFailure) {
        guard SQLiteStore.isName(name) else {
            throw SourceFailure("the name is not one that a person can have here")
        }
        let lines = lines.filter { line in
            let start = line.first { $0 != " " && $0 != "\t" && $0 != "\r" }
            return start != nil && start != "#"
        }
        guard lines.count <= SQLiteStore.keysPerPerson else {
            throw SourceFailure("\(lines.count) keys, of which \(SQLiteStore.keysPerPerson) are permitted")
        }
        // A page that says something else is no answer about keys.
        guard lines.isEmpty || lines.contains(where: { $0.contains("ssh-") || $0.contains("ecdsa-sha2-") })
        else {
            throw SourceFailure("what is said of the keys of \(name) has no key in it")
        }
        self.name = name
        var keys: [SubmittedKeys.Key] = []
        for line in lines {
            // Forges also list keys that no sshd accepts any more.
            guard let key = try? SubmittedKeys.one(in: line.utf8),
                !keys.contains(where: { $0.key == key.key })
            else { continue }
            keys.append(key)
        }
        self.keys = keys
    }

    /// What a program has answered: a person, or `{}` for nobody. An unknown member is a failure, because it may be a
    /// misspelled `suspended`.
    static func answer(_ json: [UInt8]) throws(SourceFailure) -> SourcedPerson? {
        let answer: Answer
        do {
            answer = try JSON.decode(Answer.self, from: Data(json))
        } catch let failure as SourceFailure {
            throw failure
        } catch {
            throw SourceFailure("the answer is not as described: \(error)")
        }
        guard let name = answer.name else {
            guard answer.isEmpty else { throw SourceFailure("the answer has no name") }
            return nil
        }
        guard let keys = answer.keys else { throw SourceFailure("the answer has no keys") }
        let groups = answer.groups ?? []
        guard groups.count <= SQLiteStore.groupsPerPerson else {
            throw SourceFailure(
                "\(groups.count) groups, of which \(SQLiteStore.groupsPerPerson) are permitted")
        }
        guard groups.allSatisfy(SQLiteStore.isName) else {
            throw SourceFailure("a group's name is not one that a group can have here")
        }
        var person = try SourcedPerson(name: name, lines: keys)
        person.isSuspended = answer.suspended ?? false
        person.isAdministrator = answer.administrator ?? false
        person.groups = Set(groups.map { Group(name: $0) })
        return person
    }

    private struct Answer: Decodable {
        let name: String?
        let keys: [String]?
        let groups: [String]?
        let suspended: Bool?
        let administrator: Bool?
        let isEmpty: Bool

        enum Member: String, CodingKey, CaseIterable { case name, keys, groups, suspended, administrator }

        struct AnyMember: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let all = try decoder.container(keyedBy: AnyMember.self).allKeys
            if let unknown = all.first(where: { Member(rawValue: $0.stringValue) == nil }) {
                throw SourceFailure("unknown member \(unknown.stringValue.prefix(64))")
            }
            isEmpty = all.isEmpty
            let members = try decoder.container(keyedBy: Member.self)
            name = try members.decodeIfPresent(String.self, forKey: .name)
            keys = try members.decodeIfPresent([String].self, forKey: .keys)
            groups = try members.decodeIfPresent([String].self, forKey: .groups)
            suspended = try members.decodeIfPresent(Bool.self, forKey: .suspended)
            administrator = try members.decodeIfPresent(Bool.self, forKey: .administrator)
        }
    }
}
