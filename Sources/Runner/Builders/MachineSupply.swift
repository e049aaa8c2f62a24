import BuilderSocket
import ConfigurationFile
import Glibc
import Logging
import Provider
import QEMU
import SystemPackage

/// Builders are QEMU virtual machines.
public struct MachineSupply: BuilderSupply {
    private let accelerator: Accelerator
    private let authorizedKeys: [String]
    private let identity: FilePath
    private let authority: KeyPair
    private let images: String
    private let namespace: BuilderNamespace?
    private let gateway: UInt32?
    private let outbound: OutboundLimits
    private let logger: Logger

    /// - Parameters:
    ///   - identity: the runner's own key, which every builder accepts.
    ///   - authority: signs the host key of every builder.
    ///   - gateway: the account of this host's gateway; nil: there is none.
    init(
        _ configuration: Configuration.Runner, identity: KeyPair, authority: KeyPair, gateway: UInt32?,
        logger: Logger
    ) {
        self.logger = logger
        images = configuration.images
        namespace = configuration.isolation == .required ? .inherited : nil
        outbound = OutboundLimits(
            denied: configuration.outbound.denied,
            connectionsPerSecond: configuration.outbound.connectionsPerSecond,
            bytes: configuration.outbound.bytes)
        accelerator =
            switch configuration.accelerator {
            case .automatic: .automatic
            case .kvm: .kvm
            case .tcg: .tcg
            }
        authorizedKeys = [identity.publicKey] + configuration.gatewayKeys
        self.identity = FilePath(identity.path)
        self.authority = authority
        self.gateway = gateway
    }

    public var hostAuthority: (key: String, user: String)? {
        (authority.publicKey, MachineSpecification.user)
    }

    public func start(_ plan: BuilderPlan) async throws -> any EndableBuilder {
        do throws(MachineError) {
            let specification = MachineSpecification(
                folder: FilePath(plan.folder), image: FilePath(plan.image),
                socket: BuilderSocket(path: plan.socket, gateway: gateway), memory: plan.memory,
                processors: plan.processors, network: plan.network == .outbound ? .outbound : .none,
                outbound: outbound, accelerator: try await accelerator(for: plan.image),
                namespace: namespace, authorizedKeys: authorizedKeys, identity: identity,
                hostCertificate: certificate(plan), life: plan.life, grace: plan.grace)
            return VirtualBuilder(machine: try await Machine.start(specification))
        } catch {
            throw Self.translated(error)
        }
    }

    /// KVM or software, which is said when the first builder of an image starts.
    private func accelerator(for image: String) async throws(MachineError) -> Accelerator {
        guard accelerator == .automatic else { return accelerator }
        return try await AcceleratorProbe.shared.resolve(
            image: FilePath(image), in: namespace
        ) { [logger, images] answer in
            let how = answer == .kvm ? "use KVM" : "are emulated in software: no test guest boots with KVM"
            let name = image.hasPrefix("\(images)/") ? image.dropFirst(images.count + 1) : image[...]
            logger.info("builders of the image \(name) \(how)")
        }
    }

    /// Its sentence is for the job's log.
    private static func translated(_ error: MachineError) -> RunnerError {
        switch error.code {
        case .noSpace: RunnerError(.noSpace, error.description, detail: error.detail)
        case .networkFailed:
            RunnerError(
                .failure, "the rules that restrict the builder's network cannot be set", detail: error.detail)
        case .imageMissing:
            RunnerError(
                .failure, "the builder cannot be started: its image is missing or incomplete",
                detail: error.detail)
        case .programMissing:
            RunnerError(
                .failure, "the builder cannot be started: a program that builders need is not installed",
                detail: error.detail)
        case .folderUnusable:
            RunnerError(
                .failure, "the builder cannot be started: the build service cannot use its own folder",
                detail: error.detail)
        default:
            RunnerError(.failure, "the builder cannot be started", detail: error.debugDescription)
        }
    }

    /// A function of its own: the compiler (6.3.1) does not survive this within ``start(_:)``.
    private func certificate(_ plan: BuilderPlan) -> HostCertificate {
        HostCertificate(
            authority: FilePath(authority.path), identity: "job \(plan.job)", names: plan.hostNames,
            life: plan.longestLife)
    }

    public func adopt(_ plan: BuilderPlan) async -> (any EndableBuilder)? {
        await Machine.adopt(folder: FilePath(plan.folder)).map { VirtualBuilder(machine: $0) }
    }

    public func discard(_ plan: BuilderPlan) async {
        if let machine = await Machine.adopt(folder: FilePath(plan.folder)) { await machine.end() }
        // Keep the console's log only if it may explain why the builder has ended.
        for name in ["console.log"] { unlink("\(plan.folder)/\(name)") }
        guard rmdir(plan.folder) != 0, errno != ENOENT else { return }
        let reason = String(cString: strerror(errno))
        logger.warning("job \(plan.job): the builder's folder stays, \(plan.folder): \(reason)")
    }
}
