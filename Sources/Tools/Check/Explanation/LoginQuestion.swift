import AuthorizedKeys
import BuildAPI
public import ConfigurationFile
import EventLoop
public import ServiceClient

/// Why a login is let in, or refused: goes through it as sshd, the dispatcher and the forced command do, without anything being
/// done.
///
/// It needs root. sshd is asked for its settings, the dispatcher runs as sshd runs it, and the build service is asked what a
/// login asks.
public struct LoginQuestion: Sendable {
    public var key: OfferedKey
    /// What the person's ssh asks for; nil: a shell.
    public var command: String?
    public var hasTerminal = false
    /// Where they come from.
    public var address = ClientAddress.anybodys
    /// The path of the configuration file.
    public var configuration = Configuration.defaultPath
    /// The account that they log in to; nil: the one that the configuration names.
    public var account: String?

    public init(about key: OfferedKey) {
        self.key = key
    }

    /// Why there is no answer.
    public enum Failure: Error {
        case configuration(ConfigurationError)
        /// Whose fingerprint it is cannot be found out.
        case service(ServiceError)
        /// The build service finds no keys by fingerprints, or does not say which key it has found.
        case noFingerprints
    }

    public func answer() async throws(Failure) -> LoginAnswer {
        let settings = try reading { () throws(ConfigurationError) in
            try ConfigurationFile.read(configuration, ownerMustBeRoot: true)
        }
        var trace = LoginTrace(
            login: self, configuration: settings, key: try whole(key, settings),
            account: account ?? settings.runner.account)
        do throws(ConfigurationError) {
            return try await trace.answer()
        } catch {
            throw .configuration(error)
        }
    }

    /// Nil: nobody has a key with this fingerprint.
    private func whole(_ key: OfferedKey, _ settings: Configuration) throws(Failure) -> PublicKey? {
        let fingerprint: String
        switch key {
        case .key(let key): return key
        case .fingerprint(let text): fingerprint = text
        }
        guard settings.service.kind == .sallyport, let endpoint = Endpoint(settings.service.url) else {
            throw .noFingerprints
        }
        let transport = try reading { () throws(ConfigurationError) in try Transport(settings.service) }
        let service = SallyportService(endpoint, over: transport, on: EventLoop())
        let known: Key?
        do throws(ServiceError) {
            known = try service.wait { service.key(withFingerprint: fingerprint, $0) }
        } catch {
            throw .service(error)
        }
        guard let known else { return nil }
        guard let key = try? PublicKey(type: known.type, base64: known.key) else { throw .noFingerprints }
        return key
    }

    private func reading<Value>(_ body: () throws(ConfigurationError) -> Value) throws(Failure) -> Value {
        do throws(ConfigurationError) {
            return try body()
        } catch {
            throw .configuration(error)
        }
    }
}
