import BuildAPI
import BuilderSocket
import Glibc
public import Logging
public import Provider
import Synchronization
import SystemPackage
import TaskChannel

/// Builders are virtual machines of this host. It starts them itself, so they come at once or not at all.
public final class QEMUProvider: BuilderProvider {
    private let settings: QEMUSettings
    private let logger: Logger
    /// A machine's monitor accepts only one connection, so whoever ends the machine needs the object that has it.
    private let machines = Mutex<[AllocationID: Machine]>([:])

    public init(_ settings: QEMUSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    public var hostAuthority: (key: String, user: String)? {
        (settings.authority.key, MachineSpecification.user)
    }

    /// How many seconds until a full disk is tried again.
    private static let retryInterval = 1.0

    public func allocate(
        _ request: BuilderRequest, progress: @escaping @Sendable (_ line: String) -> Void
    ) async throws -> any AllocatedBuilder {
        let image = FilePath("\(settings.images)/\(request.image)")
        if let foreign = ImageContents(image).hardware, foreign.isForeign {
            progress("the builder is \(foreign.architecture), which this host emulates: it is much slower")
        }
        do throws(MachineError) {
            let machine = try await Machine.start(try await specification(for: request))
            machines.withLock { $0[request.allocation] = machine }
            return QEMUBuilder(machine: machine)
        } catch {
            throw Self.failure(error)
        }
    }

    private func specification(
        for request: BuilderRequest
    ) async throws(MachineError) -> MachineSpecification {
        let image = settings.imageSettings[request.image] ?? .init()
        return MachineSpecification(
            folder: folder(of: request.job), image: FilePath("\(settings.images)/\(request.image)"),
            socket: BuilderSocket(path: "\(settings.sockets)/\(request.job)", gateway: settings.gateway),
            memory: image.memory ?? settings.memory, processors: image.processors, network: image.network,
            outbound: settings.outbound, accelerator: try await accelerator(forImage: request.image),
            namespace: settings.namespace, authorizedKeys: settings.authorizedKeys,
            identity: FilePath(settings.identity), hostCertificate: certificate(for: request),
            life: request.life, grace: request.grace, allocation: request.allocation)
    }

    private func folder(of job: JobID) -> FilePath { FilePath("\(settings.machines)/\(job)") }

    /// KVM or software, which is said when the first builder of an image starts.
    private func accelerator(forImage image: String) async throws(MachineError) -> Accelerator {
        let folder = FilePath("\(settings.images)/\(image)")
        guard settings.accelerator == .automatic, ImageContents(folder).hardware?.isForeign == false
        else {
            return settings.accelerator
        }
        return try await AcceleratorProbe.shared.resolve(image: folder, in: settings.namespace) {
            [logger] answer in
            let how = answer == .kvm ? "use KVM" : "are emulated in software: no test guest boots with KVM"
            logger.info("builders of the image \(image) \(how)")
        }
    }

    /// A function of its own: the compiler (6.3.1) does not survive this within ``allocate(_:progress:)``.
    private func certificate(for request: BuilderRequest) -> HostCertificate {
        HostCertificate(
            authority: FilePath(settings.authority.file), identity: "job \(request.job)",
            names: request.hostNames, life: request.longestLife)
    }

    private static func failure(_ error: MachineError) -> AllocationFailure {
        switch error.code {
        case .noSpace:
            AllocationFailure(
                .notNow, "the builder waits for space: the disk of the build service is full",
                detail: error.debugDescription, retryInterval: retryInterval)
        case .networkFailed:
            AllocationFailure(
                .failed, "the rules that restrict the builder's network cannot be set", detail: error.detail)
        case .imageMissing:
            AllocationFailure(
                .failed, "the builder cannot be started: its image is missing or incomplete",
                detail: error.detail)
        case .programMissing:
            AllocationFailure(
                .failed, "the builder cannot be started: a program that builders need is not installed",
                detail: error.detail)
        case .folderUnusable:
            AllocationFailure(
                .failed, "the builder cannot be started: the build service cannot use its own folder",
                detail: error.detail)
        default:
            AllocationFailure(.failed, "the builder cannot be started", detail: error.debugDescription)
        }
    }

    public func reattach(_ allocation: Allocation) async -> (any AllocatedBuilder)? {
        guard let machine = await machine(of: allocation) else { return nil }
        machines.withLock { $0[allocation.id] = machine }
        return QEMUBuilder(machine: machine)
    }

    /// The machine in the job's folder, if it is this allocation's: a later one of the same job has the same folder.
    private func machine(of allocation: Allocation) async -> Machine? {
        if let machine = machines.withLock({ $0[allocation.id] }) { return machine }
        let folder = folder(of: allocation.job)
        guard MachineRecord.isFree(for: allocation.id, folder) else { return nil }
        return await Machine.adopt(folder: folder)
    }

    /// It does not matter who was inside: nothing is left of a virtual machine.
    public func release(_ allocation: Allocation, entered: Bool) async throws {
        let folder = folder(of: allocation.job)
        if let machine = await machine(of: allocation) { await machine.end() }
        machines.withLock { $0[allocation.id] = nil }
        guard MachineRecord.isFree(for: allocation.id, folder) else { return }
        // Keep the console's log only if it may explain why the builder has ended.
        for name in ["console.log"] { unlink("\(folder)/\(name)") }
        guard rmdir(folder.string) != 0, errno != ENOENT else { return }
        let reason = String(cString: strerror(errno))
        logger.warning("job \(allocation.job): the builder's folder stays, \(folder): \(reason)")
    }
}

extension MachineRecord {
    /// Whether no machine of another allocation is in that folder.
    static func isFree(for allocation: AllocationID, _ folder: FilePath) -> Bool {
        // Version 1.0 has noted no allocation.
        guard let other = read(from: MachineFolder(path: folder))?.allocation else { return true }
        return other == allocation.description
    }
}
