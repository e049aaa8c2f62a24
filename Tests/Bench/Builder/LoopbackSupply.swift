import Glibc
import QEMU
import Runner
import SystemPackage

/// Builders are sshds on this machine, or what an image brings as `server`: emulated ones would hide the time that Sallyport
/// itself takes.
struct LoopbackSupply: BuilderSupply {
    let authorizedKeys: [String]
    let authority: KeyPair

    var hostAuthority: (key: String, user: String)? { (authority.publicKey, LoopbackMachine.account) }

    func start(_ plan: BuilderPlan) async throws -> any EndableBuilder {
        let name = plan.folder.split(separator: "/").last ?? ""
        let server = plan.image + "/server"
        return try await LoopbackMachine.start(
            named: String(name), server: access(server, X_OK) == 0 ? server : nil,
            authorizedKeys: authorizedKeys,
            certificate: HostCertificate(
                authority: FilePath(authority.path), identity: "job \(plan.job)", names: plan.hostNames,
                life: plan.longestLife))
    }

    /// They end with the test bed, like the runner.
    func adopt(_ plan: BuilderPlan) async -> (any EndableBuilder)? { nil }

    func discard(_ plan: BuilderPlan) async {}
}
