import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import ServiceClient

/// Admission `known`: sshd gets a line only for keys that the build service knows.
///
/// Whoever is let in is still authorised by the forced command, which can say why not in words. So a key of somebody
/// who is suspended gets its line, and an answer may be a minute old when the service is away for so long.
public enum KeyLookup {
    /// Prints the line, or nothing. Always 0: at anything else sshd would log all our arguments.
    public static func run(arguments: [String]) -> CInt {
        signal(SIGPIPE, SIG_IGN)
        let journal = Journal()
        do throws(Refusal) {
            let command: KeyLookupCommand
            let line: AuthorizedKeysLine
            do throws(OfferError) {
                command = try KeyLookupCommand(arguments: arguments)
                line = try AuthorizedKeysLine(
                    offered: command.offer.key, shell: command.shell, config: command.offer.config,
                    agentForwarding: command.offer.agentForwarding)
            } catch {
                throw refusal(error.description)
            }
            guard command.offer.user == command.offer.account else { return 0 }
            endAtLatest(at: command.deadline)
            if try isKnown(command, journal) { print(line, journal) }
        } catch {
            journal.warn("no line: \(error.message.cause)")
        }
        return 0
    }

    private static func isKnown(_ command: KeyLookupCommand, _ journal: Journal) throws(Refusal) -> Bool {
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try ConfigurationFile.read(
                command.offer.config ?? Configuration.defaultPath, ownerMustBeRoot: true)
        } catch {
            throw refusal(error.description)
        }
        let plainKey = try plainKey(of: command.offer.key)
        let fingerprint = plainKey.fingerprint
        let cache = KeyCache(folder: configuration.gateway.keyCache)
        let now = KeyCache.now
        let cached = cache.answer(for: fingerprint)
        if let cached, cached.isFresh(at: now) { return decide(cached.isKnown, fingerprint, journal) }

        switch try ask(plainKey, configuration, until: command.deadline) {
        case .success(let key):
            let isKnown = key?.fingerprint == fingerprint
            cache.remember(isKnown, for: fingerprint, at: now)
            return decide(isKnown, fingerprint, journal)
        case .failure(let error):
            guard let cached, cached.isUsable(at: now), error.isTransient else {
                throw refusal("key \(fingerprint): \(error.debugDescription)")
            }
            journal.warn("key \(fingerprint): known a moment ago; \(error.debugDescription)")
            return cached.isKnown
        }
    }

    private static func decide(_ isKnown: Bool, _ fingerprint: String, _ journal: Journal) -> Bool {
        if !isKnown { journal.note("no line: key \(fingerprint) is not known") }
        return isKnown
    }

    /// The person is the owner of the plain key inside a certificate.
    private static func plainKey(of offered: PublicKey) throws(Refusal) -> PublicKey {
        guard Certificate.isCertificate(offered) else { return offered }
        do {
            return try Certificate(offered).plainKey
        } catch {
            throw refusal(error.description)
        }
    }

    private static func ask(
        _ key: PublicKey, _ configuration: Configuration, until deadline: UInt64
    ) throws(Refusal) -> Result<Key?, ServiceError> {
        let loop = EventLoop()
        let transport: Transport
        do throws(ConfigurationError) {
            // The account's own token is not for us to read.
            transport = try Transport(configuration.service, tokenFile: configuration.service.keyTokenFile)
        } catch {
            throw refusal(error.description)
        }
        guard let service = configuration.buildService(over: transport, on: loop) else {
            throw refusal("no URL of a service")
        }
        var answer: Result<Key?, ServiceError>?
        service.key(key) { result in
            answer = result
            loop.stop()
        }
        // A tenth of a second, to say so before sshd hears of it.
        loop.timer(after: .nanoseconds(max(0, remaining(until: deadline) - 100_000_000))) { loop.stop() }
        loop.run()
        guard let answer else {
            return .failure(ServiceError(.timedOut, detail: "no answer before sshd must have one"))
        }
        return answer
    }

    /// sshd waits for our end, for as long as its LoginGraceTime: whatever hangs, we end.
    private static func endAtLatest(at deadline: UInt64) {
        signal(SIGALRM) { _ in _exit(0) }
        let microseconds = max(1000, remaining(until: deadline) / 1000)
        var timer = itimerval()
        timer.it_value.tv_sec = Int(microseconds / 1_000_000)
        timer.it_value.tv_usec = suseconds_t(microseconds % 1_000_000)
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }

    private static func remaining(until deadline: UInt64) -> Int64 {
        Int64(clamping: deadline) - Int64(clamping: nanoseconds(of: CLOCK_MONOTONIC))
    }

    /// One write(2): sshd reads a whole line or nothing.
    private static func print(_ line: AuthorizedKeysLine, _ journal: Journal) {
        let bytes = Array("\(line.text)\n".utf8)
        if write(STDOUT_FILENO, bytes, bytes.count) != bytes.count {
            journal.warn("stdout is closed or full")
        }
    }

    private static func refusal(_ cause: String) -> Refusal {
        .notSetUp(cause)
    }
}
