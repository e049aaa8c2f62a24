import BuildAPI
import ConfigurationFile
import Foundation
import NIOSSL

@testable import Runner

/// The files of a listener with TLS: a self-signed certificate, its key, and a token for each role.
struct NetworkFiles: Sendable {
    let folder: String
    let tokens: [Role: String]
    /// 0: any.
    var port = 0

    var configuration: Configuration.Runner.Network {
        .init(
            address: "127.0.0.1", port: port, certificate: "\(folder)/certificate.pem",
            key: "\(folder)/key.pem",
            tokens: "\(folder)/tokens")
    }

    /// For clients that trust the certificate.
    var client: TLSConfiguration {
        get throws {
            var client = TLSConfiguration.clientDefault
            client.trustRoots = .file(configuration.certificate)
            return client
        }
    }

    /// Makes them while `body` runs.
    static func with(_ body: (NetworkFiles) async throws -> Void) async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokens = Dictionary(uniqueKeysWithValues: Role.allCases.map { ($0, TokenEntry.newToken()) })
        let files = NetworkFiles(folder: folder, tokens: tokens)
        try files.makeCertificate("certificate.pem", key: "key.pem")
        let lines = tokens.compactMap { TokenEntry(name: "\($0.key)-1", role: $0.key, token: $0.value)?.line }
        try files.write("# made by a test\n\n" + lines.joined(separator: "\n") + "\n", to: "tokens")
        try await body(files)
    }

    func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder)/\(name)")
    }

    func makeCertificate(_ certificate: String, key: String, for names: String = "IP:127.0.0.1") throws {
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/openssl")
        openssl.arguments =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext subjectAltName=\(names)"
            .split(separator: " ").map(String.init) + [
                "-keyout", "\(folder)/\(key)", "-out", "\(folder)/\(certificate)",
            ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }
}
