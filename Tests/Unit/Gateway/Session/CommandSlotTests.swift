import BuildAPI
import Foundation
import Policy
import Testing

@testable import Gateway

/// How many commands of one person there are.
@Suite final class CommandSlotTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "slots-\(UUID())").path
    private var records: [String] = []

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func take(
        _ person: Person, limit: Int = 2, in other: String? = nil
    ) throws(Refusal) -> CommandSlot? {
        let journal = Journal { [unowned self] _, text in records.append(text) }
        return try CommandSlot.take(of: person, limit: limit, in: other ?? folder, journal)
    }

    /// What the person hears instead.
    private func refusal(
        of person: Person, in other: String? = nil
    ) throws -> String {
        let refusal = try #require(throws: Refusal.self) { try take(person, in: other) }
        #expect(refusal.status == .tryAgain)
        return refusal.sentence
    }

    private var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/@commands")) ?? []).sorted()
    }

    /// One IPv6 network counts once, and none of them is a person.
    @Test func machinesOfNobodyCountByTheirAddress() throws {
        let journal = Journal { [unowned self] _, text in records.append(text) }
        func come(_ address: String) throws(Refusal) -> CommandSlot? {
            try CommandSlot.take(at: address, isPart: false, limit: 2, in: folder, journal)
        }
        let slots = [
            try come("2001:db8::1"), try come("2001:db8::2"), try come("192.0.2.1"), try come("192.0.2.2"),
        ]
        #expect(throws: Refusal.self) { try come("2001:db8::3") }
        #expect(files.isEmpty && records.isEmpty)
        withExtendedLifetime(slots) {}
    }

    /// Their streams and logs are in no machine's way, from behind one address either.
    @Test func theSessionsInAMachineOfNobodyKeepNoOtherOut() throws {
        let journal = Journal { [unowned self] _, text in records.append(text) }
        func come(isPart: Bool) throws(Refusal) -> CommandSlot? {
            try CommandSlot.take(at: "192.0.2.1", isPart: isPart, limit: 4, in: folder, journal)
        }
        var slots = [try come(isPart: false)]
        for _ in 0..<60 { slots.append(try come(isPart: true)) }
        for _ in 0..<3 { slots.append(try come(isPart: false)) }
        #expect(throws: Refusal.self) { try come(isPart: false) }
        slots.append(try come(isPart: true))
        #expect(slots.allSatisfy { $0 != nil } && records.isEmpty)
    }

    @Test func theSessionsInAMachineKeepNoOtherOfItsOwnersOut() throws {
        let journal = Journal { [unowned self] _, text in records.append(text) }
        func attach() throws(Refusal) -> CommandSlot? {
            try CommandSlot.take(of: Fixture.alice, for: .attaching, limit: 4, in: folder, journal)
        }
        // A machine with sixty sessions and its log, and two more machines.
        var slots: [CommandSlot?] = []
        for _ in 0..<64 { slots.append(try attach()) }
        // Nor do they keep her from what she does herself.
        slots.append(try take(Fixture.alice))
        #expect(throws: Refusal.self) { try attach() }
        #expect(slots.allSatisfy { $0 != nil } && records.isEmpty)
    }

    @Test func everyPersonHasAsManyAsTheLimitSays() throws {
        let strange = Person(id: "../ä", name: "x")
        var first = try take(Fixture.alice)
        let second = try take(Fixture.alice)
        let others = [try take(Fixture.bob), try take(strange)]
        #expect(try refusal(of: Fixture.alice).hasPrefix("You already have 2 commands"))
        #expect(files == ["..%2F%C3%A4.0", "1.0", "1.1", "2.0"])
        first = nil
        #expect(files == ["..%2F%C3%A4.0", "1.1", "2.0"])
        first = try take(Fixture.alice)
        #expect(try refusal(of: Fixture.alice).hasPrefix("You already have 2 commands"))
        #expect(first != nil && records.isEmpty)
        withExtendedLifetime((first, second, others)) {}
    }

    /// A file's name has at most 255 bytes.
    @Test func everyIdHasANameOfItsOwn() throws {
        let long = String(repeating: "ä", count: 300)
        let ids = [
            long, long + "1", long + "2", String(repeating: "x", count: 200),
            String(repeating: "x", count: 201),
            String(repeating: "x", count: 100_000), "", ".", "..", "a\0b", "A\u{308}", "Ä",
        ]
        var slots: [CommandSlot?] = []
        for id in ids {
            for _ in 0..<2 { slots.append(try take(Person(id: id, name: "x"))) }
            #expect(try refusal(of: Person(id: id, name: "x")).hasPrefix("You already have 2 commands"))
        }
        #expect(files.count == 2 * ids.count && !slots.contains { $0 == nil })
        // Nobody's id is another one's name here.
        let hashed = try #require(files.first { $0.hasPrefix("@") }).dropLast(2)
        slots.append(try take(Person(id: String(hashed), name: "x")))
        #expect(files.count == 2 * ids.count + 1)
        withExtendedLifetime(slots) {}
        slots = []
        #expect(files.isEmpty)
    }

    /// Nobody holds it any more.
    @Test func theFileOfAKilledProcessIsInNobodysWay() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/@commands", withIntermediateDirectories: true)
        for place in 0..<2 { try Data().write(to: URL(filePath: folder + "/@commands/1.\(place)")) }
        let slots = [try take(Fixture.alice), try take(Fixture.alice)]
        #expect(throws: Refusal.self) { try take(Fixture.alice) }
        withExtendedLifetime(slots) {}
    }

    @Test func withoutTheFolderNobodyIsCounted() throws {
        #expect(try take(Fixture.alice, limit: 1, in: folder + "/none") == nil)
        let cause = "\(folder)/none/@commands/1.0: No such file or directory"
        #expect(records.count == 1 && records[0].hasSuffix("commands are not counted: \(cause)"))
        try Data().write(to: URL(filePath: folder + "/file"))
        #expect(try take(Fixture.alice, limit: 1, in: folder + "/file") == nil && records.count == 2)
    }

    /// Whatever it is: someone may have brought it about, to have no limit.
    @Test func whereThereIsNoRoomNobodyRunsACommand() throws {
        let sentence = "The gateway has no room for one more command. Try again in a minute."
        #expect(try refusal(of: Fixture.alice, in: folder + String(repeating: "/x", count: 3000)) == sentence)
        try FileManager.default.createDirectory(
            atPath: folder + "/@commands/1.0", withIntermediateDirectories: true)
        #expect(try refusal(of: Fixture.alice) == sentence)
        let other = try take(Fixture.bob)
        #expect(other != nil && records.isEmpty)
    }

    @Test func onlyTheSetUpOfAGatewayMakesItCountNothing() {
        func counts(after code: CInt) -> Bool {
            switch CountingFolder.failure("f", code) {
            case .full: true
            case .absent: false
            }
        }
        for code in [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, ENOLCK, EIO, ELOOP, ENAMETOOLONG] {
            #expect(counts(after: code), "\(String(cString: strerror(code)))")
        }
        for code in [ENOENT, ENOTDIR, EACCES, EPERM, EROFS] {
            #expect(!counts(after: code), "\(String(cString: strerror(code)))")
        }
    }
}
