import BuildAPI
import ConfigurationFile
import EventLoop
import KeyLookup
import ServiceClient

/// Admission `known`, for a build service anywhere: the lookups that sallyport-lookup leaves to sallyport-shell.
public enum ServiceLookup {
    /// Prints the line, or nothing; always 0.
    public static func run(arguments: [String]) -> CInt {
        let journal = Journal()
        return Lookup(note: journal.note, warn: journal.warn, ask: ask).run(arguments: arguments)
    }

    private static func ask(_ question: Lookup.Question) throws(LookupError) -> String? {
        let configuration = question.configuration
        let loop = EventLoop()
        let transport: Transport
        do throws(ConfigurationError) {
            // This process cannot read the account's own token.
            transport = try Transport(configuration.service, tokenFile: configuration.service.keyTokenFile)
        } catch {
            throw LookupError(error.description)
        }
        guard let service = configuration.buildService(over: transport, on: loop) else {
            throw LookupError("no URL of a service")
        }
        var answer: Result<Key?, ServiceError>?
        service.key(question.key) { result in
            answer = result
            loop.stop()
        }
        loop.timer(after: .nanoseconds(question.nanosecondsLeft)) { loop.stop() }
        loop.run()
        switch answer ?? .failure(ServiceError(.timedOut, detail: "no answer before sshd must have one")) {
        case .success(let key): return key?.fingerprint
        case .failure(let error):
            throw LookupError(
                error.debugDescription, isTransient: error.isTransient,
                peopleAreUnknown: error.saysPeopleAreUnknown)
        }
    }
}
