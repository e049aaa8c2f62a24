import CommandBuilders
import ConfigurationFile
import Glibc
import Logging
import Provider

extension Pool {
    /// A pool whose machines an allocator program gets.
    ///
    /// - Parameter folder: the state folder.
    static func command(
        _ name: String, _ pool: Configuration.Runner.Pool, _ configuration: Configuration.Runner,
        in folder: String, _ logger: Logger
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
        let authority = try await KeyPair.hostAuthority(in: folder)
        settings.authority = .init(path: authority.path, publicKey: authority.publicKey)
        do throws(BuilderError) {
            return Pool(name, pool, images: nil, provider: try CommandProvider(settings, logger: logger))
        } catch {
            throw RunnerError(.failure, "runner.pool.\(name).command: \(error.detail)")
        }
    }
}
