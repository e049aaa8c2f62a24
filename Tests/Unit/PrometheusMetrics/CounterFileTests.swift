import Foundation
import Glibc
import Testing

@testable import CounterFile

/// What many processes count in one file. Each count opens it anew, as each process does.
@Suite final class CounterFileTests {
    private enum Event: Int, CaseIterable { case one, two, three }
    /// An earlier version knew less.
    private enum EarlierEvent: Int, CaseIterable { case one, two }

    private let folder = FileManager.default.temporaryDirectory.appending(path: "counts-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func counts(_ file: CounterFile<Event>) -> [UInt64]? { file.counts?.map(\.count) }

    @Test func nothingHasHappenedYet() {
        #expect(counts(CounterFile("f", in: folder)) == [0, 0, 0])
        #expect(counts(CounterFile("f", in: folder + "/none")) == [0, 0, 0])
    }

    /// Whoever would have to wait counts nothing; what was counted stays.
    @Test func manyCountAtOnce() async {
        let path = folder
        let counted = await withTaskGroup(of: [Event].self) { group in
            for number in 0..<8 {
                group.addTask {
                    let file = CounterFile<Event>("f", in: path)
                    let event = number % 2 == 0 ? Event.one : .three
                    return (0..<500).compactMap { _ in file.add(event) ? event : nil }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let expected = Event.allCases.map { event in UInt64(counted.count { $0 == event }) }
        #expect(counts(CounterFile("f", in: folder)) == expected)
        #expect(expected[0] > 0 && expected[1] == 0 && expected[2] > 0)
    }

    @Test func whileSomebodyKeepsItLockedNothingIsCounted() throws {
        let file = CounterFile<Event>("f", in: folder)
        #expect(file.add(.one))
        let other = open(folder + "/f", O_RDONLY | O_CLOEXEC)
        try #require(other >= 0 && flock(other, LOCK_EX) == 0)
        #expect(!file.add(.one))
        #expect(counts(file) == [1, 0, 0])
        close(other)
        #expect(file.add(.one))
        #expect(counts(file) == [2, 0, 0])
    }

    @Test func aLaterVersionCountsOn() {
        for _ in 0..<3 { CounterFile<EarlierEvent>("f", in: folder).add(.two) }
        let file = CounterFile<Event>("f", in: folder)
        #expect(counts(file) == [0, 3, 0])
        file.add(.three)
        #expect(counts(file) == [0, 3, 1])
        CounterFile<EarlierEvent>("f", in: folder).add(.one)
        #expect(counts(file) == [1, 3, 1])
    }

    /// A file that was made just when its process was killed.
    @Test func anEmptyFileCounts() throws {
        try Data().write(to: URL(filePath: folder + "/f"))
        let file = CounterFile<Event>("f", in: folder)
        #expect(counts(file) == [0, 0, 0])
        file.add(.one)
        #expect(counts(file) == [1, 0, 0])
    }

    @Test func whatCannotBeCountedHarmsNobody() throws {
        CounterFile<Event>("f", in: folder + "/none").add(.one)
        #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
        try FileManager.default.createDirectory(atPath: folder + "/d", withIntermediateDirectories: true)
        CounterFile<Event>("d", in: folder).add(.one)
        #expect(counts(CounterFile("d", in: folder)) == nil)
        try Data("other".utf8).write(to: URL(filePath: folder + "/other"))
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/l", withDestinationPath: folder + "/other")
        CounterFile<Event>("l", in: folder).add(.one)
        #expect(try String(contentsOfFile: folder + "/other", encoding: .utf8) == "other")
        #expect(counts(CounterFile("l", in: folder)) == nil)
    }
}
