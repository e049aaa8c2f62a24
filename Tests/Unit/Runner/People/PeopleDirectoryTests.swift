import AuthorizedKeys
import BuildAPI
import Foundation
import Testing

@testable import Runner

@Suite("Who people are, by their source")
struct PeopleDirectoryTests {
    private let source = FakeSource()
    private let clock = ManualClock()
    private let log = RecordingLog()
    private let path = TestService.makeFolder() + "/runner.sqlite"
    private let alice = TestService.aliceFingerprint
    private let bob = TestService.bobFingerprint

    private func directory(
        of other: FakeSource? = nil, local: Bool = false
    ) async throws -> (PeopleDirectory, SQLiteStore) {
        var rules = PeopleRules()
        rules.source = other ?? source
        rules.permitsLocalKeys = local
        let store = try SQLiteStore(path: path, permitsLocalKeys: local)
        let people = PeopleDirectory(store: store, rules: rules, clock.timekeeper, logger: log.logger)
        try await people.takeOver()
        return (people, store)
    }

    /// Returns when so many questions are on their way.
    private func wait(running count: Int) async {
        while source.running != count { await Task.yield() }
    }

    @Test("the first login of someone whom the source knows creates them, with their keys and rights")
    func firstLogin() async throws {
        let keys = [TestService.aliceKey + " at home", TestService.bobKey]
        try source.set("alice", keys, isAdministrator: true)
        let (people, store) = try await directory()
        let key = try #require(try await people.key(alice))
        #expect(key.owner == Person(id: "1", name: "alice") && key.administrator && !key.suspended)
        #expect(key.comment == "at home" && key.added == nil)
        #expect(try await store.keys(owner: "alice").count == 2)
        // Her other key, and again: nobody is asked for a minute.
        #expect(try await people.key(bob)?.owner.name == "alice")
        #expect(try await people.key(alice) == key)
        #expect(source.takeQuestions() == [alice])
        clock.advance(by: 61)
        #expect(try await people.key(alice) == key)
        #expect(source.takeQuestions() == ["alice"])
        // A key that comes later is one that she reads about.
        try source.set("alice", [TestService.aliceKey])
        clock.advance(by: 61)
        _ = try await people.key(alice)
        #expect(try await people.key(bob) == nil)
        #expect(try await people.key(alice)?.administrator == false)
        try source.set("alice", [TestService.aliceKey, TestService.bobKey])
        clock.advance(by: 61)
        #expect(try await people.key(bob)?.added == clock.now)
    }

    @Test("nobody's key is asked about again after ten seconds, and not before")
    func strangers() async throws {
        let (people, _) = try await directory()
        for _ in 1...3 { #expect(try await people.key(alice) == nil) }
        #expect(source.takeQuestions() == [alice])
        try source.set("alice", [TestService.aliceKey])
        clock.advance(by: 11)
        #expect(try await people.key(alice)?.owner.name == "alice")
    }

    @Test("at a source that can be asked for names only, a key belongs to one of those")
    func names() async throws {
        let forge = FakeSource(knowsHolders: false)
        try forge.set("alice", [TestService.aliceKey])
        try forge.set("bob", [])
        let (people, store) = try await directory(of: forge)
        #expect(try await people.key(alice)?.owner.name == "alice")
        #expect(Set(forge.takeQuestions()) == [alice, "alice", "bob"])
        #expect(try await people.key(bob) == nil)
        #expect(forge.takeQuestions() == [bob])
        #expect(try await store.people().map(\.name).sorted() == ["alice", "bob"])
        try forge.set("bob", [TestService.bobKey])
        clock.advance(by: 61)
        #expect(try await people.key(bob)?.owner.name == "bob")
    }

    @Test("a refresh tells of those about whom the source says something new, and of no others")
    func refresh() async throws {
        try source.set("alice", [TestService.aliceKey])
        try source.set("bob", [TestService.bobKey])
        let (people, store) = try await directory()
        var changes = people.changes.makeAsyncIterator()
        for key in [alice, bob] { _ = try await people.key(key) }
        #expect(await changes.next()?.name == "alice")
        #expect(await changes.next()?.name == "bob")
        source.remove("alice")
        try source.set("bob", [TestService.bobKey], isSuspended: true)
        clock.advance(by: 20)
        _ = source.takeQuestions()
        await people.refresh(["1", "2", "77"], every: 20)
        #expect(Set(source.takeQuestions()) == ["alice", "bob"])
        #expect(Set([await changes.next()?.name, await changes.next()?.name]) == ["alice", "bob"])
        #expect(try await people.presentKey(alice) == nil)
        #expect(try await people.presentKey(bob)?.suspended == true)
        #expect(try await store.people().map(\.suspended) == [false, true])
        #expect(log.all.contains("bob has 1 key, suspended, says the source of people"))
        #expect(log.all.contains("alice is nobody any more, says the source of people"))
        // What an operator says counts as well.
        try source.set("bob", [TestService.bobKey])
        try await store.setSuspended("bob", true)
        clock.advance(by: 20)
        await people.refresh(["2"], every: 20)
        #expect(try await people.presentKey(bob)?.suspended == true)
    }

    @Test("a key that the source names for two people stays with the first, and the log says so")
    func contested() async throws {
        try source.set("alice", [TestService.aliceKey])
        let (people, _) = try await directory()
        _ = try await people.key(alice)
        // Anyone can write another's public key into their own account.
        try source.set("mallory", [TestService.aliceKey, TestService.bobKey])
        #expect(try await people.key(bob)?.owner.name == "mallory")
        for _ in 1...2 {
            #expect(try await people.key(alice)?.owner.name == "alice")
            #expect(try await people.key(bob)?.owner.name == "mallory")
            clock.advance(by: 61)
        }
        let warning = "people: the source names the key \(alice) for mallory, too; it stays alice's"
        #expect(log.all.filter { $0 == warning }.count == 1)
        // When it is no longer hers, it can be someone else's.
        try source.set("alice", [])
        try source.set("mallory", [TestService.aliceKey])
        clock.advance(by: 61)
        #expect(try await people.key(alice)?.owner.name == "mallory")
    }

    @Test("after a long outage a key that was added here gives what was said here, and no more")
    func longOutage() async throws {
        let groups = ["team", "all"]
        try source.set("alice", [], isAdministrator: true, groups: groups)
        let (people, store) = try await directory(local: true)
        let added = try PublicKey.parse(line: TestService.aliceKey).key
        _ = try await store.addKey(added, comment: "", owner: "alice", at: clock.now)
        try await store.setMember("alice", of: Group(name: "all"), true)
        let key = try #require(try await people.key(alice))
        #expect(key.administrator && key.groups?.map(\.name) == ["all", "team"])
        source.fail("gone")
        clock.advance(by: 901)
        for key in [try await people.key(alice), try await people.presentKey(alice)] {
            #expect(key?.administrator == false && key?.groups?.map(\.name) == ["all"])
        }
    }

    @Test("however many strangers come, few questions wait, and none that nobody waits for is asked")
    func manyStrangers() async throws {
        try source.set("alice", [TestService.aliceKey])
        let (people, _) = try await directory()
        _ = try await people.key(alice)
        _ = source.takeQuestions()
        let latch = Latch<Bool>()
        source.hold(until: latch)
        let most = SourceInquiry.aboutStrangers + SourceInquiry.strangersInLine
        await withTaskGroup { group in
            for number in 1...(most + 40) {
                group.addTask { _ = try? await people.key("SHA256:\(number)") }
            }
            await wait(running: SourceInquiry.aboutStrangers)
            // Those for whom there is no place in the line have their answer already.
            for _ in 1...40 { await group.next() }
            clock.advance(by: 9)
            await group.waitForAll()
        }
        latch.open(true)
        await wait(running: 0)
        #expect(source.takeQuestions().count == SourceInquiry.aboutStrangers)
    }

    @Test("a key moves to whom the source gives it, and both are told")
    func moving() async throws {
        try source.set("alice", [TestService.aliceKey])
        let (people, _) = try await directory()
        var changes = people.changes.makeAsyncIterator()
        _ = try await people.key(alice)
        _ = await changes.next()
        try source.set("bob", [TestService.aliceKey])
        try source.set("alice", [])
        clock.advance(by: 61)
        #expect(try await people.key(alice)?.owner.name == "bob")
        #expect(await changes.next()?.name == "alice")
        #expect(await changes.next()?.name == "bob")
    }

    @Test("an outage is survived for a while, also by another runner, and reported once about each")
    func outage() async throws {
        try source.set("alice", [TestService.aliceKey])
        let (people, first) = try await directory()
        let key = try await people.key(alice)
        source.fail("connection refused")
        clock.advance(by: 61)
        for _ in 1...3 { #expect(try await people.key(alice) == key) }
        let error = await #expect(throws: RunnerError.self) { try await people.key(bob) }
        #expect(error?.code == .peopleUnknown)
        let reports = log.all.filter { $0.hasPrefix("people:") }
        #expect(reports.count == 2 && reports.last?.contains("no answer about the key \(bob)") == true)
        #expect(reports.first?.hasPrefix("people: no answer about alice: connection refused") == true)
        first.close()

        let (next, _) = try await directory()
        var changes = next.changes.makeAsyncIterator()
        clock.advance(by: 800)
        #expect(try await next.key(alice) == key)
        #expect(try await next.presentKey(alice) == key)
        clock.advance(by: 60)
        for _ in 1...2 {
            await #expect(throws: RunnerError.self) { try await next.presentKey(alice) }
            await #expect(throws: RunnerError.self) { try await next.key(alice) }
            await next.refresh(["1"], every: 20)
        }
        #expect(await changes.next()?.name == "alice")
        source.fail(nil)
        clock.advance(by: 20)
        #expect(try await next.key(alice) == key)
        #expect(log.all.last == "people: the source answers again")
    }

    @Test("one question about a name is on its way at a time, eight in all, four of them about strangers")
    func questions() async throws {
        for number in 1...20 { try source.set("p\(number)") }
        let (people, _) = try await directory()
        for number in 1...20 { _ = try await people.account("p\(number)") }
        clock.advance(by: 61)
        _ = source.takeQuestions()
        let latch = Latch<Bool>()
        source.hold(until: latch)
        try await withThrowingTaskGroup { group in
            for number in 1...10 {
                group.addTask { _ = try? await people.key("SHA256:\(number)") }
                group.addTask { _ = try? await people.account("nobody\(number)") }
            }
            await wait(running: SourceInquiry.aboutStrangers)
            for number in 1...20 {
                let id = "\(number)"
                for _ in 1...3 { group.addTask { await people.refresh([id], every: 20) } }
            }
            await wait(running: SourceInquiry.atOnce)
            latch.open(true)
            try await group.waitForAll()
        }
        #expect(source.most == SourceInquiry.atOnce)
        #expect(source.takeQuestions().count == 40)
    }

    @Test("a slow source makes nobody wait for long, least of all those about whom an answer counts")
    func slowness() async throws {
        try source.set("alice", [TestService.aliceKey])
        let (people, _) = try await directory()
        let key = try await people.key(alice)
        let latch = Latch<Bool>()
        source.hold(until: latch)
        clock.advance(by: 61)
        let known = Task { try await people.key(alice) }
        await wait(running: 1)
        let found = Latch<Bool>()
        Task {
            _ = try await known.value
            found.open(true)
        }
        clock.advance(by: 1.4)
        for _ in 1...100 { await Task.yield() }
        #expect(found.value == nil)
        clock.advance(by: 0.2)
        _ = try await found.wait()
        #expect(try await known.value == key)
        // A stranger waits longer, but less than a gateway.
        let stranger = Task { try await people.key(bob) }
        await wait(running: 2)
        clock.advance(by: 8.1)
        await #expect(throws: RunnerError.self) { try await stranger.value }
        latch.open(true)
    }

    @Test("keys that were added here count only if that is permitted, and are nobody else's then")
    func localKeys() async throws {
        let before = try SQLiteStore(path: path)
        let added = try PublicKey.parse(line: TestService.aliceKey).key
        _ = try await before.addKey(added, comment: "", owner: "alice", at: clock.now)
        before.close()
        let (people, store) = try await directory()
        #expect(try await people.key(alice) == nil)
        #expect(try await store.keys(owner: "alice").isEmpty)
        #expect(throws: RunnerError.self) { try people.requireLocalKeys() }
        store.close()

        try source.set("bob", [TestService.aliceKey, TestService.bobKey])
        let (both, second) = try await directory(local: true)
        try both.requireLocalKeys()
        #expect(try await both.key(bob)?.owner.name == "bob")
        #expect(try await both.key(alice)?.owner.name == "alice")
        try await both.requireLocalKey(alice)
        await #expect(throws: RunnerError.self) { try await both.requireLocalKey(bob) }
        // They still open when the source is away for ever.
        source.fail("gone")
        clock.advance(by: 100_000)
        #expect(try await both.key(alice)?.owner.name == "alice")
        #expect(try await both.presentKey(alice)?.owner.name == "alice")
        await #expect(throws: RunnerError.self) { try await both.key(bob) }
        second.close()

        // The source is authoritative again: with the same name, she is the same person.
        source.fail(nil)
        try source.set("bob", [TestService.bobKey])
        try source.set("alice", [TestService.aliceKey])
        let (only, third) = try await directory()
        #expect(try await only.key(alice)?.owner == Person(id: "1", name: "alice"))
        third.close()
        // Without a source, only what was added here is left.
        let last = try SQLiteStore(path: path)
        try await PeopleDirectory(store: last, clock.timekeeper, logger: log.logger).takeOver()
        #expect(try await last.keys(owner: nil).map(\.fingerprint) == [alice])
    }
}
