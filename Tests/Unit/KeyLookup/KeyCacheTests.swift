import Foundation
import Testing

@testable import KeyLookup

/// What is remembered about keys, and for how long.
@Suite struct KeyCacheTests {
    private static let second: UInt64 = 1_000_000_000
    private static let now = 1000 * second
    private static let fingerprint = "SHA256:a/b+c"

    private func withCache(_ body: (KeyCache) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sallyport-test-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(KeyCache(folder: folder))
    }

    @Test(arguments: [
        (true, 0, true, true), (true, 4, true, true), (true, 5, false, true), (true, 59, false, true),
        (true, 60, false, false), (false, 4, true, false), (false, 5, false, false),
        (false, 59, false, false),
    ]) func anAnswerAges(isKnown: Bool, age: UInt64, isFresh: Bool, isUsable: Bool) throws {
        try withCache { cache in
            cache.remember(isKnown, for: Self.fingerprint, at: Self.now)
            let answer = try #require(cache.answer(for: Self.fingerprint))
            let later = Self.now + age * Self.second
            #expect(answer.isKnown == isKnown)
            #expect(answer.isFresh(at: later) == isFresh && answer.isUsable(at: later) == isUsable)
        }
    }

    /// After the machine has started anew the clock begins at zero.
    @Test func anAnswerFromTheFutureIsNone() throws {
        try withCache { cache in
            cache.remember(true, for: Self.fingerprint, at: Self.now)
            let answer = try #require(cache.answer(for: Self.fingerprint))
            #expect(!answer.isFresh(at: Self.second) && !answer.isUsable(at: Self.second))
        }
    }

    @Test func theLastAnswerCounts() throws {
        try withCache { cache in
            cache.remember(true, for: Self.fingerprint, at: Self.now)
            cache.remember(false, for: Self.fingerprint, at: Self.now + 1)
            #expect(cache.answer(for: Self.fingerprint) == .init(isKnown: false, time: Self.now + 1))
            #expect(cache.answer(for: "SHA256:another") == nil)
        }
    }

    @Test(arguments: ["", "known", "known x", "maybe 1", "known 1 2", String(repeating: "k", count: 1000)])
    func aDamagedFileIsNoAnswer(text: String) throws {
        try withCache { cache in
            try Data(text.utf8).write(to: URL(filePath: "\(cache.folder)/SHA256:x"))
            #expect(cache.answer(for: "SHA256:x") == nil)
        }
    }

    /// Strangers fill it with keys that nobody knows; they make room again.
    @Test func strangersDoNotFillTheDisk() throws {
        try withCache { cache in
            for number in 0..<1100 { cache.remember(number < 10, for: "SHA256:\(number)", at: Self.now) }
            let names = try FileManager.default.contentsOfDirectory(atPath: cache.folder)
            #expect(names.count <= 1000)
            for number in 0..<10 { #expect(cache.answer(for: "SHA256:\(number)")?.isKnown == true) }
        }
    }

    @Test func withoutAFolderNothingIsRemembered() {
        let cache = KeyCache(folder: "/nonexistent")
        cache.remember(true, for: Self.fingerprint, at: Self.now)
        #expect(cache.answer(for: Self.fingerprint) == nil)
    }
}
