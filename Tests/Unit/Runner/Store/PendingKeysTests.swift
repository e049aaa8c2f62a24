import AuthorizedKeys
import BuildAPI
import Foundation
import GRDB
import Testing

@testable import Runner

/// Keys that people have added, until their holders confirm them.
@Suite("Pending keys")
struct PendingKeysTests {
    private let store: SQLiteStore
    private let bobs: PublicKey
    private let alice: Person
    private let mallory: Person

    init() async throws {
        store = try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
        bobs = try PublicKey.parse(line: TestService.bobKey).key
        alice = try await store.addKey(
            try PublicKey.parse(line: TestService.aliceKey).key, comment: "", owner: "alice", at: start
        ).owner
        mallory = try await store.addKey(try Self.key(), comment: "", owner: "mallory", at: start).owner
    }

    /// Without a private half.
    private static func key() throws -> PublicKey {
        let point = (0..<32).map { _ in UInt8.random(in: 0...255) }
        let blob = Data([0, 0, 0, 11]) + Data("ssh-ed25519".utf8) + Data([0, 0, 0, 32] + point)
        return try PublicKey(type: "ssh-ed25519", base64: blob.base64EncodedString())
    }

    private func add(_ key: PublicKey, of person: Person, at now: Date = start) async throws -> Key {
        try await store.addPendingKey(key, comment: "laptop", of: person, with: nil, at: now)
    }

    private func refusal(of word: String, at now: Date = start) async -> RunnerError.Code? {
        do throws(RunnerError) {
            _ = try await store.confirmKey(bobs.fingerprint, word: word, at: now)
            return nil
        } catch {
            return error.code
        }
    }

    /// A thief adds a key of their own with a stolen one, which the owner then removes.
    @Test("what was added with a key goes with it, and what others have added stays")
    func removal() async throws {
        let (stolen, other) = (try Self.key(), try Self.key())
        for key in [stolen, other] {
            _ = try await store.addKey(key, comment: "", owner: "alice", at: start)
        }
        let (thiefs, hers, unknown) = (try Self.key(), try Self.key(), try Self.key())
        for (key, session) in [
            (thiefs, stolen.fingerprint), (hers, other.fingerprint), (unknown, nil),
        ] {
            _ = try await store.addPendingKey(key, comment: "", of: alice, with: session, at: start)
        }
        // Another person's is not theirs to remove.
        _ = try await store.addPendingKey(bobs, comment: "", of: mallory, with: stolen.fingerprint, at: start)
        await #expect(throws: RunnerError.self) {
            try await store.removeKey(stolen.fingerprint, owner: "mallory")
        }
        #expect(try await store.pendingKeys(owner: "alice", at: start).count == 3)
        try await store.removeKey(stolen.fingerprint, owner: "alice")
        let left = try await store.pendingKeys(owner: "alice", at: start).map(\.fingerprint)
        #expect(left == [hers.fingerprint, unknown.fingerprint])
        #expect(try await store.pendingKeys(owner: "mallory", at: start).count == 1)
    }

    @Test("nothing finds a pending key but what asks for it, and the right word makes it its owner's")
    func confirmation() async throws {
        let added = try await add(bobs, of: alice)
        #expect(added.limits == [.confirm] && added.added == start)
        #expect(added.expires == start + SQLiteStore.pendingTime)
        let word = try #require(added.word)
        #expect(try await store.key(bobs.fingerprint) == nil)
        #expect(try await store.keys(owner: "alice").count == 1)
        let pending = try #require(try await store.pendingKey(bobs.fingerprint, at: start))
        #expect(pending.word == nil && pending.limits == [.confirm] && pending.owner == alice)
        #expect(try await store.pendingKeys(owner: "alice", at: start) == [pending])
        #expect(try await store.pendingKeys(owner: "mallory", at: start).isEmpty)
        // Only the word's hash is stored.
        let path = store.database.path
        try await store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        let file = try Data(contentsOf: URL(filePath: path))
        #expect(file.firstRange(of: Data(word.utf8)) == nil)
        #expect(file.firstRange(of: Data(bobs.fingerprint.utf8)) != nil)

        #expect(await refusal(of: "2222-2222") == .forbidden)
        #expect(await refusal(of: "") == .forbidden)
        let confirmed = try await store.confirmKey(bobs.fingerprint, word: word.uppercased(), at: start + 60)
        #expect(confirmed.owner == alice && confirmed.isUnlimited && confirmed.comment == "laptop")
        #expect(confirmed.added == start + 60 && confirmed.expires == nil)
        #expect(try await store.key(bobs.fingerprint) == confirmed)
        #expect(try await store.pendingKey(bobs.fingerprint, at: start) == nil)
        #expect(await refusal(of: word) == .conflict)
    }

    @Test("the first person whose word is entered has the key")
    func severalPeople() async throws {
        let hers = try #require(try await add(bobs, of: mallory).word)
        let his = try #require(try await add(bobs, of: alice).word)
        #expect(hers != his)
        #expect(try await store.pendingKeys(owner: nil, at: start).map(\.owner.name) == ["alice", "mallory"])
        #expect(try await store.confirmKey(bobs.fingerprint, word: his, at: start).owner == alice)
        #expect(try await store.pendingKeys(owner: nil, at: start).isEmpty)
        #expect(await refusal(of: hers) == .conflict)
        // Nor does it matter that it is known: adding it again says nothing about that.
        #expect(try await add(bobs, of: mallory).limits == [.confirm])
        #expect(try await store.key(bobs.fingerprint)?.owner == alice)
        await #expect(throws: RunnerError.self) { try await add(bobs, of: alice) }
    }

    @Test("a key that an operator adds is no longer pending for anyone")
    func operators() async throws {
        let word = try #require(try await add(bobs, of: mallory).word)
        #expect(try await store.addKey(bobs, comment: "", owner: "bob", at: start).owner.name == "bob")
        #expect(await refusal(of: word) == .conflict)
        try await store.removeKey(bobs.fingerprint)
        #expect(await refusal(of: word) == .notFound)
    }

    @Test("ten wrong words are enough, also across several people and new words")
    func wrongWords() async throws {
        let word = try #require(try await add(bobs, of: alice).word)
        _ = try await add(bobs, of: mallory)
        for attempt in 1..<SQLiteStore.wrongWords {
            #expect(await refusal(of: "2222-2222") == .forbidden)
            // Her words are new, and his attempts are counted nevertheless.
            if attempt == 5 { _ = try await add(bobs, of: mallory) }
        }
        #expect(try await store.pendingKeys(owner: nil, at: start).count == 2)
        #expect(await refusal(of: "2222-2222") == .forbidden)
        #expect(try await store.pendingKeys(owner: nil, at: start).map(\.owner) == [mallory])
        #expect(await refusal(of: word) == .forbidden)
        #expect(try await store.key(bobs.fingerprint) == nil)
    }

    @Test("a new word replaces the old one, and after a day no word counts")
    func time() async throws {
        let first = try #require(try await add(bobs, of: alice).word)
        let second = try #require(try await add(bobs, of: alice, at: start + 10).word)
        #expect(await refusal(of: first) == .forbidden)
        let end = start + 10 + SQLiteStore.pendingTime
        #expect(try await store.pendingKey(bobs.fingerprint, at: end - 1) != nil)
        #expect(try await store.pendingKey(bobs.fingerprint, at: end) == nil)
        #expect(try await store.pendingKeys(owner: nil, at: end).isEmpty)
        #expect(await refusal(of: second, at: end) == .notFound)
        #expect(await refusal(of: second, at: end - 1) == nil)
    }

    @Test("a suspended person gets no keys")
    func suspension() async throws {
        let word = try #require(try await add(bobs, of: alice).word)
        try await store.setSuspended("alice", true)
        #expect(await refusal(of: word) == .suspended)
        #expect(try await store.key(bobs.fingerprint) == nil)
        try await store.setSuspended("alice", false)
        #expect(await refusal(of: word) == nil)
    }

    @Test("a person has fifty keys, pending ones included")
    func number() async throws {
        var pending: [Key] = []
        for _ in 0..<20 { pending.append(try await add(try Self.key(), of: alice)) }
        for _ in 21..<SQLiteStore.keysPerPerson {
            _ = try await store.addKey(try Self.key(), comment: "", owner: "alice", at: start)
        }
        let limit = RunnerError.Code.tooMany(Quota(what: "keys", limit: 50))
        let refused = await #expect(throws: RunnerError.self) { try await add(bobs, of: alice) }
        let operators = await #expect(throws: RunnerError.self) {
            try await store.addKey(bobs, comment: "", owner: "alice", at: start)
        }
        #expect(refused?.code == limit && operators?.code == limit)
        #expect(
            refused?.description == "This person already has 50 keys, which is the limit: remove one first.")
        let all = try await store.keys(owner: "alice") + store.pendingKeys(owner: "alice", at: start)
        #expect(all.count == 50)
        _ = try await add(bobs, of: mallory)
        try await store.removeKey(bobs.fingerprint, owner: mallory.id)
        #expect(try await store.pendingKey(bobs.fingerprint, at: start) == nil)
        // A new word for a pending key is no further key, and neither is its confirmation.
        let key = try PublicKey(type: pending[0].type, base64: pending[0].key)
        let word = try #require(try await add(key, of: alice).word)
        #expect(try await store.confirmKey(key.fingerprint, word: word, at: start).owner == alice)
        await #expect(throws: RunnerError.self) { try await add(bobs, of: alice) }
        try await store.removeKey(pending[1].fingerprint, owner: alice.id)
        _ = try await add(bobs, of: alice)
        await #expect(throws: RunnerError.self) { try await add(try Self.key(), of: alice) }
        // What has expired does not count.
        _ = try await add(try Self.key(), of: alice, at: start + SQLiteStore.pendingTime + 1)
    }

    @Test("a word is what its reader types", arguments: ["kmn4-7pqr", "KMN47PQR", "k-m-n-4-7-p-q-r"])
    func typing(text: String) async throws {
        #expect(ConfirmationWord(entered: text)?.text == "kmn4-7pqr")
        for wrong in ["", "-", text + "2", String(text.dropLast()), text.replacing("7", with: "0")] {
            #expect(ConfirmationWord(entered: wrong) == nil, "\(wrong)")
        }
        let words = (0..<100).map { _ in ConfirmationWord() }
        #expect(Set(words.map(\.text)).count == 100)
        #expect(words.allSatisfy { ConfirmationWord(entered: $0.text) == $0 })
        // It counts for one key and one person.
        let hash = words[0].hash(for: "SHA256:a", of: 1)
        #expect(words[0].hasHash(hash, for: "SHA256:a", of: 1))
        #expect(!words[0].hasHash(hash, for: "SHA256:b", of: 1))
        #expect(!words[0].hasHash(hash, for: "SHA256:a", of: 2))
        #expect(
            !words[1].hasHash(hash, for: "SHA256:a", of: 1) && !words[0].hasHash([], for: "SHA256:a", of: 1))
    }
}
