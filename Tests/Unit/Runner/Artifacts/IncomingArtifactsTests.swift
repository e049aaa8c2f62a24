import BuildAPI
import Foundation
import Provider
import Testing

@testable import Runner

/// What a builder sends, and what becomes of it on the disk.
@Suite("Artifacts on their way", .serialized)
final class IncomingArtifactsTests {
    private let folder = TestService.makeFolder()
    private lazy var stored = StoredArtifacts(in: folder)

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func incoming(_ patterns: [String] = ["*"], size: Int = 100) throws -> IncomingArtifacts {
        try IncomingArtifacts(
            of: stored, WantedFiles(patterns: patterns, size: size, count: StoredArtifacts.most))
    }

    private var files: [String] {
        (FileManager.default.subpaths(atPath: folder) ?? []).filter { $0.hasPrefix(".artifacts") }.sorted()
    }

    @Test("they are kept under numbers, with their names, sizes and digests in the index")
    func kept() async throws {
        let incoming = try incoming()
        for part in FakeMachine.file("dist/a", "abc") + FakeMachine.file("ü", "") {
            try await incoming.take(part)
        }
        #expect(stored.index == nil)
        let taken = try await incoming.finish(at: start)
        #expect(taken == TakenArtifacts(count: 2, size: 3, remarks: []))
        #expect(files == [".artifacts", ".artifacts/0", ".artifacts/1", ".artifacts/index.json"])
        #expect(
            stored.index
                == .init(
                    taken: start,
                    artifacts: [
                        .init(
                            name: "dist/a", size: 3,
                            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                        .init(
                            name: "ü", size: 0,
                            sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                    ]))
        #expect(stored.size == 3)
        #expect(FileManager.default.contents(atPath: "\(folder)/.artifacts/0") == Data("abc".utf8))
    }

    @Test("a hostile name is no file, and what people read of it is harmless")
    func names() async throws {
        let incoming = try incoming()
        for name in ["../../etc/passwd", "/etc/passwd", "a/../b", "\u{1b}[2Jx", "a\u{0}b", ""] {
            for part in FakeMachine.file(name, "x") { try await incoming.take(part) }
        }
        for part in FakeMachine.file("good", "y") { try await incoming.take(part) }
        let taken = try await incoming.finish(at: start)
        #expect(taken.count == 1 && taken.size == 1 && taken.remarks.count == 6)
        #expect(taken.remarks.contains("?[2Jx is no name for an artifact: not taken"))
        #expect(taken.remarks.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(files == [".artifacts", ".artifacts/0", ".artifacts/index.json"])
        #expect(FileManager.default.contents(atPath: "\(folder)/.artifacts/0") == Data("y".utf8))
    }

    @Test("the first of two files with one name counts, and one that was changed is none")
    func twice() async throws {
        let incoming = try incoming()
        for part in FakeMachine.file("a", "1") + FakeMachine.file("a", "22")
            + [.file(name: "b", size: 1), .bytes([0]), .end(isWhole: false)] + FakeMachine.file("c", "3")
        { try await incoming.take(part) }
        let taken = try await incoming.finish(at: start)
        #expect(taken.remarks == ["b was changed meanwhile: not taken"])
        #expect(stored.index?.artifacts.map(\.name) == ["a", "c"])
        #expect(FileManager.default.contents(atPath: "\(folder)/.artifacts/1") == Data("3".utf8))
    }

    @Test("a builder that sends more than it was asked for is not listened to")
    func tooMuch() async throws {
        let large = try incoming(size: 2)
        await #expect(throws: RunnerError.self) { try await large.take(.file(name: "a", size: 3)) }
        #expect(await large.failure?.description == "The builder sends more than it was asked for.")
        let longer = try incoming()
        try await longer.take(.file(name: "a", size: 2))
        await #expect(throws: RunnerError.self) { try await longer.take(.bytes([1, 2, 3])) }
        let many = try incoming()
        for number in 0..<StoredArtifacts.most {
            try await many.take(.file(name: "\(number)", size: 0))
            try await many.take(.end(isWhole: true))
        }
        await #expect(throws: RunnerError.self) { try await many.take(.file(name: "one more", size: 0)) }
        let chatty = try incoming()
        await #expect(throws: RunnerError.self) {
            for _ in 0...10_000 { try await chatty.take(.omission(.link("l"))) }
        }
        #expect(stored.index == nil)
    }

    @Test("what is missing is said in a line each, and not in too many")
    func remarks() async throws {
        let incoming = try incoming(["no*", "\u{1b}"], size: 10)
        let omissions: [FilePart.Omission] = [
            .noMatch(pattern: 0), .noMatch(pattern: 1), .noMatch(pattern: 9), .link("l"), .notAFile("f"),
            .unreadable("u"), .tooLarge("big", size: 3 << 20), .tooMany,
        ]
        for omission in omissions { try await incoming.take(.omission(omission)) }
        for number in 0..<30 { try await incoming.take(.omission(.link("\(number)"))) }
        let taken = try await incoming.finish(at: start)
        #expect(
            taken.remarks.prefix(7) == [
                "nothing matches no*", "nothing matches ?", "l is a symbolic link, or behind one: not taken",
                "f is not a file: not taken", "u cannot be read: not taken",
                "big has 3 MB, and there is room for 10 bytes: not taken",
                "there are more than 1000 files: the rest is not taken",
            ])
        #expect(taken.remarks.count == 21 && taken.remarks.last == "17 more files not taken")
        #expect(taken.count == 0)
    }

    @Test("what an earlier attempt has left counts for nothing")
    func again() async throws {
        let broken = try incoming()
        try await broken.take(.file(name: "a", size: 2))
        try await broken.take(.bytes([1]))
        let whole = try incoming()
        for part in FakeMachine.file("b", "2") { try await whole.take(part) }
        _ = try await whole.finish(at: start)
        let once = try incoming()
        for part in FakeMachine.file("c", "33") { try await once.take(part) }
        _ = try await once.finish(at: start + 1)
        #expect(stored.index?.artifacts.map(\.name) == ["c"] && stored.index?.taken == start + 1)
        #expect(files == [".artifacts", ".artifacts/0", ".artifacts/index.json"])
    }

    @Test("a full disk is one sentence")
    func fullDisk() async throws {
        let incoming = try incoming()
        try FullDisk.begin(at: "\(folder)/.artifacts.incoming/0")
        await #expect(throws: RunnerError.self) { try await incoming.take(.file(name: "a", size: 1)) }
        // A link is not followed, not even one of ours.
        #expect(await incoming.failure != nil)
    }
}
