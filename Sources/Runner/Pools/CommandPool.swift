import AuthorizedKeys
import CommandBuilders
import ConfigurationFile
import Glibc
import Logging
import Provider

extension Pool {
    /// A pool whose machines an allocator program gets.
    ///
    /// - Parameters:
    ///   - hostKey: the file with the host key of this host's gateway, for machines that dial it.
    ///   - folder: the state folder.
    static func command(
        _ name: String, _ pool: Configuration.Runner.Pool, _ configuration: Configuration.Runner,
        hostKey: String, in folder: String, _ logger: Logger
    ) async throws(RunnerError) -> Pool {
        let pools = CommandProvider.pools(in: folder)
        guard mkdir(pools, 0o700) == 0 || errno == EEXIST else {
            throw RunnerError(.failure, "\(pools) cannot be made: \(String(cString: strerror(errno)))")
        }
        let identity = try await KeyPair.identity(in: folder)
        var settings = CommandProvider.Settings(
            pool: name, words: pool.command, folder: CommandProvider.folder(of: name, in: folder),
            timeout: pool.timeout, identity: identity.path,
            authorizedKeys: [identity.publicKey] + configuration.gatewayKeys)
        settings.acceptsFirstKeys = pool.hostKey == .firstUse
        settings.attach = try pool.attach.map { gateway throws(RunnerError) in
            try attach(to: gateway, hostKey: hostKey, for: name)
        }
        let authority = try await KeyPair.hostAuthority(in: folder)
        settings.authority = .init(path: authority.path, publicKey: authority.publicKey)
        do throws(BuilderError) {
            return Pool(name, pool, images: nil, provider: try CommandProvider(settings, logger: logger))
        } catch {
            throw RunnerError(.failure, "runner.pool.\(name).command: \(error.detail)")
        }
    }

    /// What machines that dial have to know.
    private static func attach(
        to gateway: Configuration.Runner.AttachGateway, hostKey: String, for name: String
    ) throws(RunnerError) -> CommandProvider.Attach {
        guard let text = try? SmallFile.read(hostKey, for: .everybody),
            let (key, _) = try? PublicKey.parse(line: text)
        else {
            throw RunnerError(
                .failure,
                "runner.pool.\(name).attach: machines have to know the gateway's host key, and \(hostKey) (gateway.host_key) cannot be read as one."
            )
        }
        let host = gateway.port == 22 ? "\(gateway.host)" : "[\(gateway.host)]:\(gateway.port)"
        return .init(gateway: gateway.name, port: gateway.port, knownHosts: "\(host) \(key.line)")
    }
}
