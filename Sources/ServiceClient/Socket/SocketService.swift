public import AuthorizedKeys
import BuildAPI
public import ConfigurationFile
import FoundationEssentials

/// A build service that is asked one thing: does anybody have this key?
///
/// For a program that sshd waits for. It supports only the usual configuration and the usual answers, and says so if
/// something is unusual.
public struct SocketService {
    private let path: String

    /// Nil: the service needs more than a Unix socket, where the kernel says who asks.
    public init?(_ service: Configuration.Service) {
        guard service.kind == .sallyport, case .socket(let path) = Endpoint(service.url),
            service.keyTokenFile == nil, service.authorities == nil, service.proxy == nil
        else { return nil }
        self.path = path
    }

    /// What is read of a key. sshd waits, so the rest is left to the forced command.
    private struct KnownKey: Decodable {
        let fingerprint: String
    }

    /// Asks whether anybody has this key, and returns the fingerprint in the answer. Nil: nobody has it.
    public func fingerprint(of key: PublicKey, within nanoseconds: Int64) throws(SocketError) -> String? {
        let answer = try SocketExchange.answer(to: Self.request(about: key), at: path, within: nanoseconds)
        if answer.status == 404 { return nil }
        guard answer.status == 200, MediaType.essence(answer.contentType) == MediaType.json else {
            throw .unusual("HTTP \(answer.status)")
        }
        do {
            return try JSON.decode(KnownKey.self, from: Data(answer.body)).fingerprint
        } catch {
            throw .unusual("the answer about a key: \(JSON.complaint(about: error))")
        }
    }

    private static func request(about key: PublicKey) -> String {
        [
            "GET \(Key.requestTarget(fingerprint: key.fingerprint)) HTTP/1.1", "Host: localhost",
            "User-Agent: sallyport", "Accept: \(MediaType.json), \(MediaType.problem)", "Connection: close",
            "", "",
        ].joined(separator: "\r\n")
    }
}
