import ConfigurationFile
import NIOSSL

/// Where the API is served over TLS, and what identifies both sides.
struct NetworkListener: Sendable {
    let address: String
    let port: Int
    let tls: TLSConfiguration
    let tokens: Tokens
    /// The earliest end of any certificate in the chain, in seconds since 1970.
    let end: Int

    /// Reads the files that the configuration names.
    init(_ configuration: Configuration.Runner.Network) throws(ConfigurationError) {
        address = configuration.address
        port = configuration.port
        (tls, end) = try Self.tls(certificate: configuration.certificate, key: configuration.key)
        tokens = try Tokens(file: configuration.tokens)
    }

    private static func tls(
        certificate: String, key: String
    ) throws(ConfigurationError) -> (TLSConfiguration, end: Int) {
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
            throw ConfigurationError(path: certificate, expected: "expected certificates in PEM")
        }
        let bytes = Array(try SmallFile.read(key, for: .group).utf8)
        guard let privateKey = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw ConfigurationError(
                path: key, expected: "expected a private key in PEM, without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw ConfigurationError(path: key, expected: "is not the key of the certificate \(certificate)")
        }
        return (configuration, chain.map(\.notValidAfter).min() ?? 0)
    }
}
