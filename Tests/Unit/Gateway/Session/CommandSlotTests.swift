import BuildAPI
import Foundation
import Testing

@testable import Gateway

/// How many commands of one person there are.
@Suite final class CommandSlotTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "slots-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func take(_ person: Person, limit: Int = 2) throws(CommandSlot.Failure) -> CommandSlot {
        try CommandSlot(of: person, limit: limit, in: folder)
    }

    private var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/@commands")) ?? []).sorted()
    }

    @Test func everyPersonHasAsManyAsTheLimitSays() throws {
        let strange = Person(id: "../ä", name: "x")
        var first: CommandSlot? = try take(Fixture.alice)
        let second = try take(Fixture.alice)
        let others = [try take(Fixture.bob), try take(strange)]
        #expect(throws: CommandSlot.Failure.self) { try take(Fixture.alice) }
        #expect(files == ["..%2F%C3%A4.0", "1.0", "1.1", "2.0"])
        first = nil
        #expect(files == ["..%2F%C3%A4.0", "1.1", "2.0"])
        first = try take(Fixture.alice)
        #expect(throws: CommandSlot.Failure.self) { try take(Fixture.alice) }
        withExtendedLifetime((first, second, others)) {}
    }

    /// Nobody holds it any more.
    @Test func theFileOfAKilledProcessIsInNobodysWay() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/@commands", withIntermediateDirectories: true)
        for place in 0..<2 { try Data().write(to: URL(filePath: folder + "/@commands/1.\(place)")) }
        let slots = [try take(Fixture.alice), try take(Fixture.alice)]
        #expect(throws: CommandSlot.Failure.self) { try take(Fixture.alice) }
        withExtendedLifetime(slots) {}
    }

    @Test func withoutTheFolderNobodyIsCounted() throws {
        do {
            _ = try CommandSlot(of: Fixture.alice, limit: 1, in: folder + "/none")
            Issue.record("taken")
        } catch .uncounted(let cause) {
            #expect(cause == "\(folder)/none/@commands/1.0: No such file or directory")
        } catch .noneFree {
            Issue.record("no place is free")
        }
    }
}
