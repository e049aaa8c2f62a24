import ConfigurationFile
import Glibc
import QEMU
import SystemPackage

/// Builders are QEMU virtual machines.
public struct MachineSupply: BuilderSupply {
    private let accelerator: Accelerator
    private let authorizedKeys: [String]
    private let identity: FilePath
    private let authority: KeyPair

    /// - Parameters:
    ///   - identity: the runner's own key, which every builder accepts.
    ///   - authority: signs the host key of every builder.
    init(_ configuration: Configuration.Runner, identity: KeyPair, authority: KeyPair) {
        accelerator =
            switch configuration.accelerator {
            case .automatic: .automatic
            case .kvm: .kvm
            case .tcg: .tcg
            }
        authorizedKeys = [identity.publicKey] + configuration.gatewayKeys
        self.identity = FilePath(identity.path)
        self.authority = authority
    }

    public var hostAuthority: (key: String, user: String)? {
        (authority.publicKey, MachineSpecification.user)
    }

    public func start(_ plan: BuilderPlan) async throws -> any BuilderMachine {
        let specification = MachineSpecification(
            folder: FilePath(plan.folder), image: FilePath(plan.image), memory: plan.memory,
            processors: plan.processors, network: plan.network == .outbound ? .outbound : .none,
            accelerator: accelerator, authorizedKeys: authorizedKeys, identity: identity,
            hostCertificate: certificate(plan), life: plan.life, grace: plan.grace)
        do {
            return VirtualBuilder(machine: try await Machine.start(specification))
        } catch  where error.code == .noSpace {
            throw RunnerError(.noSpace, error.description, detail: error.detail)
        } catch  where error.code == .networkFailed {
            throw RunnerError(
                .failure, "the rules that restrict the builder's network cannot be set",
                detail: error.detail)
        }
    }

    /// A function of its own: the compiler (6.3.1) does not survive this within ``start(_:)``.
    private func certificate(_ plan: BuilderPlan) -> HostCertificate {
        HostCertificate(
            authority: FilePath(authority.path), identity: "job \(plan.job)", names: plan.hostNames,
            life: plan.longestLife)
    }

    public func adopt(_ plan: BuilderPlan) async -> (any BuilderMachine)? {
        await Machine.adopt(folder: FilePath(plan.folder)).map { VirtualBuilder(machine: $0) }
    }

    public func discard(_ plan: BuilderPlan) async {
        if let machine = await Machine.adopt(folder: FilePath(plan.folder)) { await machine.end() }
        // Keep the console's log only if it may explain why the builder has ended.
        for name in ["console.log"] { unlink("\(plan.folder)/\(name)") }
        rmdir(plan.folder)
    }
}
