import BuildAPI
import Glibc
import Provider
import QEMU
import Runner
import Synchronization
import SystemPackage
import TaskChannel

/// Builders are sshds on this machine, or what an image brings as `server`: emulated ones would hide the time that Sallyport
/// itself takes.
final class LoopbackProvider: BuilderProvider {
    private let images: String
    private let authorizedKeys: [String]
    private let authority: KeyPair
    private let machines = Mutex<[AllocationID: LoopbackMachine]>([:])

    init(images: String, authorizedKeys: [String], authority: KeyPair) {
        self.images = images
        self.authorizedKeys = authorizedKeys
        self.authority = authority
    }

    var hostAuthority: (key: String, user: String)? { (authority.publicKey, LoopbackMachine.account) }

    func allocate(
        _ request: BuilderRequest, progress: @escaping @Sendable (_ line: String) -> Void
    ) async throws -> any AllocatedBuilder {
        let (server, network) = (program("server", of: request.image), program("network", of: request.image))
        let machine = try await LoopbackMachine.start(
            named: "\(request.job)", server: server, network: network,
            authorizedKeys: authorizedKeys,
            certificate: HostCertificate(
                authority: FilePath(authority.path), identity: "job \(request.job)",
                names: request.hostNames, life: request.longestLife))
        machines.withLock { $0[request.allocation] = machine }
        return machine
    }

    /// What an image brings.
    private func program(_ name: String, of image: String) -> String? {
        let path = "\(images)/\(image)/\(name)"
        return access(path, X_OK) == 0 ? path : nil
    }

    /// They end with the test bed, like the runner.
    func reattach(_ allocation: Allocation) async -> (any AllocatedBuilder)? { nil }

    func release(_ allocation: Allocation, entered: Bool) async throws {
        machines.withLock { $0.removeValue(forKey: allocation.id) }?.end()
    }
}
