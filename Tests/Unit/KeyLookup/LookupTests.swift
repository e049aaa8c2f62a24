import AuthorizedKeys
import ConfigurationFile
import Foundation
import Testing

@testable import KeyLookup

/// When the service is asked whose key it is, and what becomes of its answer.
@Suite struct LookupTests {
    private static let second: UInt64 = 1_000_000_000
    private static let key = Result { try PublicKey(type: "ssh-x", base64: "AAAABXNzaC14AAAAAA==") }

    /// A folder for the cache, and what was said and asked.
    private final class Stage {
        let cache: KeyCache
        let question: Lookup.Question
        var asked = 0
        var said: [String] = []

        init(_ key: PublicKey) throws {
            let folder = FileManager.default.temporaryDirectory.path + "/sallyport-test-\(UUID())"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            cache = KeyCache(folder: folder)
            var configuration = Configuration(service: .init(url: "unix:/nonexistent"))
            configuration.gateway.keyCache = folder
            let offer = try KeyOffer(arguments: ["dispatch", "builds", "/", key.type, key.base64])
            question = Lookup.Question(
                key: key, configuration: configuration,
                command: KeyLookupCommand(offer, shell: "/s", deadline: 0))
        }

        deinit { try? FileManager.default.removeItem(atPath: cache.folder) }

        func isKnown(_ answer: Result<String?, LookupError>) throws -> Bool {
            let lookup = Lookup(
                note: { self.said.append($0) }, warn: { self.said.append($0) },
                ask: { _ throws(LookupError) in
                    self.asked += 1
                    return try answer.get()
                })
            return try lookup.isKnown(question)
        }
    }

    @Test func aKnownKeyIsAskedForOnce() throws {
        let key = try Self.key.get()
        let stage = try Stage(key)
        #expect(try stage.isKnown(.success(key.fingerprint)))
        #expect(try stage.isKnown(.success(nil)))
        #expect(stage.asked == 1 && stage.said.isEmpty)
    }

    @Test(arguments: [nil, "SHA256:another"])
    func anotherKeyIsNotTheirs(answer: String?) throws {
        let key = try Self.key.get()
        let stage = try Stage(key)
        #expect(try !stage.isKnown(.success(answer)))
        #expect(try !stage.isKnown(.success(key.fingerprint)))
        #expect(stage.asked == 1)
        #expect(stage.said == Array(repeating: "no line: key \(key.fingerprint) is unknown", count: 2))
    }

    /// For a minute those who were known are let in while the service is away, and only then.
    @Test(arguments: [
        (true, 6, true, true), (true, 6, false, false), (true, 61, true, false), (false, 6, true, false),
    ])
    func anOutageIsSurvived(wasKnown: Bool, age: UInt64, isTransient: Bool, isKnown: Bool) throws {
        let key = try Self.key.get()
        let stage = try Stage(key)
        stage.cache.remember(wasKnown, for: key.fingerprint, at: KeyCache.now - age * Self.second)
        let failure = LookupError("away", isTransient: isTransient)
        if isKnown {
            #expect(try stage.isKnown(.failure(failure)))
            #expect(stage.said == ["key \(key.fingerprint): known a moment ago; away"])
        } else {
            #expect(throws: LookupError("key \(key.fingerprint): away")) {
                try stage.isKnown(.failure(failure))
            }
        }
        #expect(stage.asked == 1)
    }
}
