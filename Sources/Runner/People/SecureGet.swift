import BuildAPI
import HelperPrograms
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One `GET` over https, on a connection of its own. It follows no redirections.
struct SecureGet: Sendable {
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// The certificate authorities that are trusted: a file (PEM); nil: the system's.
    let authorities: String?
    var limit = Duration.seconds(10)

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    func get(_ url: String) async throws(SourceFailure) -> Answer {
        guard let place = Place(url) else { throw SourceFailure("\(url) is not an https URL") }
        do {
            let answer = try await within(limit) { try await exchange(place) }
            guard let answer else { throw SourceFailure("\(place.host) gives no answer within \(limit)") }
            return answer
        } catch let failure as SourceFailure {
            throw failure
        } catch {
            throw SourceFailure("\(place.host): \(error)")
        }
    }

    /// Throws if there are no certificate authorities.
    func check() throws(SourceFailure) {
        do {
            _ = try NIOSSLContext(configuration: tls)
        } catch {
            throw SourceFailure("\(authorities ?? "the certificate authorities"): \(error)")
        }
    }

    private func exchange(_ place: Place) async throws -> Answer {
        let context = try NIOSSLContext(configuration: tls)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(limit))
            .connect(host: place.host, port: place.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(try Self.tlsHandler(for: place, context))
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: place.path)
            head.headers = [
                "Host": place.authority, "User-Agent": "sallyport-runner", "Accept": "text/plain",
                "Connection": "close",
            ]
            // If the connection is closed already, what is read says why: the certificate, for example.
            try? await outbound.write(.head(head))
            try? await outbound.write(.end(nil))
            return try await Self.answer(inbound)
        }
    }

    private static func answer(
        _ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>
    ) async throws -> Answer {
        var answer = Answer(status: 0, body: [])
        for try await part in parts {
            switch part {
            case .head(let head): answer.status = Int(head.status.code)
            case .body(let buffer):
                answer.body += Array(buffer.readableBytesView)
                guard answer.body.count <= SourcedPerson.maximumSize else {
                    throw SourceFailure("an answer of more than \(SourcedPerson.maximumSize) bytes")
                }
            case .end: return answer
            }
        }
        throw SourceFailure("the answer ends too early")
    }

    /// For a host's address, the certificate has to name this address; for its name, this name.
    private static func tlsHandler(for place: Place, _ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        guard !place.isAddress else { return try NIOSSLClientHandler(context: context, serverHostname: nil) }
        return try ._makeSSLClientHandler(context: context, serverHostname: place.host) {
            certificate, channel in
            channel.eventLoop.makeCompletedFuture { try requireName(place.host, in: certificate) }
        }
    }

    /// NIOSSL also accepts a certificate for the address of the connection. Anyone who forges answers of the name system
    /// can have one for their own address.
    private static func requireName(_ host: String, in certificate: NIOSSLCertificate) throws(SourceFailure) {
        let names = certificate._subjectAlternativeNames()
        guard names.contains(where: { $0.nameType == .ipAddress }) else { return }
        let isNamed = names.contains {
            $0.nameType == .dnsName
                && String(decoding: $0.contents, as: UTF8.self).lowercased() == host.lowercased()
        }
        guard isNamed else { throw SourceFailure("the certificate is for an address, and not for this name") }
    }

    private var tls: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if let authorities { tls.trustRoots = .file(authorities) }
        return tls
    }

    /// The parts of a plain https URL, as the configuration accepts it.
    struct Place: Equatable {
        /// As in the URL.
        let authority: String
        let host: String
        let port: Int
        let path: String
        let isAddress: Bool

        init?(_ url: String) {
            guard url.hasPrefix("https://") else { return nil }
            let rest = url.dropFirst("https://".count)
            let authority = rest.prefix { $0 != "/" }
            var (host, port) = (authority, 443)
            if !authority.hasSuffix("]"), let colon = authority.lastIndex(of: ":") {
                guard let number = Int(authority[authority.index(after: colon)...]) else { return nil }
                (host, port) = (authority[..<colon], number)
            }
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            guard !host.isEmpty else { return nil }
            self.authority = String(authority)
            self.host = String(host)
            self.port = port
            let path = String(rest[authority.endIndex...])
            self.path = path.isEmpty ? "/" : path
            isAddress = (try? SocketAddress(ipAddress: self.host, port: port)) != nil
        }
    }
}
