public import AuthorizedKeys
import CLinux
public import ConfigurationFile
import CounterFile
import Glibc

/// Admission `known`: sshd gets a line only for keys that the build service knows.
///
/// The forced command still authorises everyone, and can say in words why it refuses. So a suspended person's key
/// gets its line, and an answer can be a minute old while the service is away.
///
/// Two programs do it, and differ only in how they ask: sallyport-lookup on a Unix socket, sallyport-shell wherever the
/// service is.
public struct Lookup {
    /// What the build service is asked.
    public struct Question {
        /// The plain key, never a certificate.
        public let key: PublicKey
        public let configuration: Configuration
        /// The whole command, to pass it on.
        public let command: KeyLookupCommand

        /// How long an answer is of use; a tenth of a second remains after that, to log that there was none.
        public var nanosecondsLeft: Int64 { max(0, remaining(until: command.deadline) - 100_000_000) }
    }

    /// Asks the build service for the key, and returns the fingerprint in its answer. Nil: nobody has it.
    public typealias Ask = (Question) throws(LookupError) -> String?

    private let note: (String) -> Void
    private let warn: (String) -> Void
    private let ask: Ask

    /// - Parameters:
    ///   - note: writes an ordinary record to the system log.
    ///   - warn: writes a record that an administrator may have to look into.
    public init(
        note: @escaping (String) -> Void, warn: @escaping (String) -> Void, ask: @escaping Ask
    ) {
        self.note = note
        self.warn = warn
        self.ask = ask
    }

    /// Prints the line, or nothing. Returns 0, because on any other status sshd logs all our arguments.
    ///
    /// - Parameter arguments: those of a ``KeyLookupCommand``, with the program's own name.
    public func run(arguments: [String]) -> CInt {
        signal(SIGPIPE, SIG_IGN)
        do throws(LookupError) {
            let command: KeyLookupCommand
            let line: AuthorizedKeysLine
            do throws(OfferError) {
                command = try KeyLookupCommand(arguments: arguments)
                line = try AuthorizedKeysLine(
                    offered: command.offer.key, shell: command.shell, config: command.offer.config,
                    agentForwarding: command.offer.agentForwarding,
                    noTouchRequired: command.offer.noTouchRequired)
            } catch {
                LookupResult.file(in: Configuration.Gateway().keyCache).count(.unreadable)
                throw LookupError(error.description)
            }
            guard command.offer.user == command.offer.account else { return 0 }
            Self.endAtLatest(at: command.deadline)
            if try isKnown(try Self.question(about: command)) { print(line) }
        } catch {
            warn("no line: \(error.cause)")
        }
        return 0
    }

    private static func question(about command: KeyLookupCommand) throws(LookupError) -> Question {
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try ConfigurationFile.read(
                command.offer.config ?? Configuration.defaultPath, ownerMustBeRoot: true)
        } catch {
            LookupResult.file(in: Configuration.Gateway().keyCache).count(.failed)
            throw LookupError(error.description)
        }
        if let file = configuration.gateway.logFile { sp_log_also_to(file) }
        do throws(LookupError) {
            return Question(
                key: try plainKey(of: command.offer.key), configuration: configuration, command: command)
        } catch {
            LookupResult.file(in: configuration.gateway.keyCache).count(.unreadable)
            throw error
        }
    }

    /// Asks the service, unless there is a fresh answer in the cache.
    func isKnown(_ question: Question) throws(LookupError) -> Bool {
        let fingerprint = question.key.fingerprint
        let cache = KeyCache(folder: question.configuration.gateway.keyCache)
        let results = LookupResult.file(in: cache.folder)
        func decide(_ isKnown: Bool) -> Bool {
            results.count(isKnown ? .known : .unknown)
            if !isKnown { note("no line: key \(fingerprint) is unknown") }
            return isKnown
        }
        let now = KeyCache.now
        let cached = cache.answer(for: fingerprint)
        if let cached, cached.isFresh(at: now) { return decide(cached.isKnown) }
        do throws(LookupError) {
            let isKnown = try ask(question) == fingerprint
            cache.remember(isKnown, for: fingerprint, at: now)
            return decide(isKnown)
        } catch {
            guard let cached, cached.isUsable(at: now), error.isTransient else {
                results.count(error.peopleAreUnknown ? .unidentified : .failed)
                throw LookupError("key \(fingerprint): \(error.cause)")
            }
            results.count(.stale)
            warn("key \(fingerprint): known a moment ago; \(error.cause)")
            return cached.isKnown
        }
    }

    /// The person is the owner of the plain key inside a certificate.
    private static func plainKey(of offered: PublicKey) throws(LookupError) -> PublicKey {
        guard Certificate.isCertificate(offered) else { return offered }
        do {
            return try Certificate(offered).plainKey
        } catch {
            throw LookupError(error.description)
        }
    }

    /// One write(2), so that sshd reads a whole line or nothing.
    private func print(_ line: AuthorizedKeysLine) {
        let bytes = Array("\(line.text)\n".utf8)
        if write(STDOUT_FILENO, bytes, bytes.count) != bytes.count { warn("stdout is closed or full") }
    }

    /// sshd waits for us until LoginGraceTime, so we always end in time, whatever hangs.
    private static func endAtLatest(at deadline: UInt64) {
        signal(SIGALRM) { _ in _exit(0) }
        setAlarm(in: max(1000, remaining(until: deadline) / 1000))
    }

    /// Call this before execv(3): the alarm would continue, and kill the new program before it has a handler.
    public static func callOffEnd() {
        setAlarm(in: 0)
    }

    private static func setAlarm(in microseconds: Int64) {
        var timer = itimerval()
        timer.it_value.tv_sec = Int(microseconds / 1_000_000)
        timer.it_value.tv_usec = suseconds_t(microseconds % 1_000_000)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}

/// Nanoseconds until a time of CLOCK_MONOTONIC; negative after it.
private func remaining(until deadline: UInt64) -> Int64 {
    Int64(clamping: deadline) - Int64(clamping: nanoseconds(of: CLOCK_MONOTONIC))
}
