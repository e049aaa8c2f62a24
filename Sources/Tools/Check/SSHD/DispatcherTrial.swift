import AuthorizedKeys
import Glibc
import KeyLookup

/// Asks the dispatcher as sshd does, for a key that nobody has.
struct DispatcherTrial: Sendable {
    var result: CheckResult
    /// How long one look-up takes, the median, in seconds; nil: there was no answer.
    var seconds: Double?

    /// With admission `known`, a second one would be answered from the cache.
    private static func times(_ admission: KeyOffer.Admission) -> Int { admission == .any ? 5 : 1 }

    /// - Parameters:
    ///   - words: the program, and the arguments that it gets for `key`.
    ///   - user: whom sshd runs it as.
    ///   - cache: the folder of the build service's answers about keys, for admission `known`.
    static func run(
        _ words: [String], for key: PublicKey, admission: KeyOffer.Admission, as user: Account, cache: String
    ) async -> DispatcherTrial {
        let check = "dispatcher.answer"
        func failed(_ finding: String, _ remedy: String) -> DispatcherTrial {
            DispatcherTrial(result: .fail(check, finding, remedy: remedy))
        }
        var seconds: [Double] = []
        for _ in 0..<times(admission) {
            let start = ContinuousClock.now
            let outcome = await LocalCommand.run(words, as: user.user)
            seconds.append(start.duration(to: .now) / .seconds(1))
            guard let outcome, outcome.succeeded else {
                return failed(
                    "\(user.name) cannot run the dispatcher: \(outcome?.complaint ?? "no answer within 10 s")",
                    "setpriv --reuid=\(user.name) --clear-groups \(words[0]) --version")
            }
            let line = outcome.output
            let isLine = line.hasPrefix("restrict,pty") && line.contains(key.base64)
            // With admission `known`, nobody has this key; that it was asked about shows only in the cache.
            guard admission == .known ? line.isEmpty && isRemembered(key, in: cache) : isLine else {
                return failed(
                    admission == .known
                        ? "the dispatcher gets no answer about keys as \(user.name)"
                        : "the dispatcher lets nobody in",
                    "The system log (authpriv) has its reason: journalctl -t sallyport-dispatch -t sallyport-lookup"
                )
            }
        }
        seconds.sort()
        let median = seconds[seconds.count / 2]
        let answer =
            admission == .any
            ? "lets every key as far as the forced command"
            : "has asked the build service about a key, and refuses it because it is unknown"
        return DispatcherTrial(
            result: .ok(check, "the dispatcher \(answer), in \(milliseconds(median))"),
            seconds: median)
    }

    /// Whether the build service has answered about the key.
    private static func isRemembered(_ key: PublicKey, in cache: String) -> Bool {
        access(KeyCache.path(of: key.fingerprint, in: cache), F_OK) == 0
    }

    /// Removes what the trial, and logins with the key, have left.
    static func forget(_ key: PublicKey, in cache: String) {
        unlink(KeyCache.path(of: key.fingerprint, in: cache))
    }
}
