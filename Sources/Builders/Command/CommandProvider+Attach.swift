import AllocatorProtocol
import AuthorizedKeys
import BuildAPI
import ConfigurationFile
public import Provider
import SystemPackage
import TaskChannel

/// Machines that nobody can reach, and that dial a gateway: docs/allocators.md.
extension CommandProvider {
    /// The gateway, as a machine's ssh names it.
    public struct Attach: Sendable {
        /// `user@host`
        public var gateway: String
        public var port: UInt16
        /// A line of known_hosts.
        public var knownHosts: String

        public init(gateway: String, port: UInt16, knownHosts: String) {
            self.gateway = gateway
            self.port = port
            self.knownHosts = knownHosts
        }
    }

    public func attachKey(for allocation: AllocationID) async throws -> String? {
        guard settings.attach != nil else { return nil }
        let folder = AllocationFolder(of: allocation, in: settings.folder)
        let file = folder.attachKey
        if let line = try? SmallFile.read(file.string + ".pub", for: .everybody),
            let (key, _) = try? PublicKey.parse(line: line)
        {
            return key.line
        }
        folder.removeAttachKey()
        do {
            try folder.make()
        } catch {
            throw BuilderError(
                error == .noSpace ? .noSpace : .startFailed, detail: "\(folder.path): \(error)")
        }
        try await KeyGeneration.makeKey(at: file, comment: "\(allocation)")
        let (key, _) = try PublicKey.parse(line: SmallFile.read(file.string + ".pub", for: .everybody))
        return key.line
    }

    /// What the allocator is told; nil: machines cannot dial.
    func attachMember(for request: BuilderRequest) throws -> AllocatorWire.Attach? {
        guard let attach = settings.attach, request.arrival != nil else { return nil }
        let file = AllocationFolder(of: request.allocation, in: settings.folder).attachKey
        do {
            return AllocatorWire.Attach(
                gateway: attach.gateway, port: Int(attach.port),
                key: try SmallFile.read(file.string, for: .nobody), knownHosts: attach.knownHosts)
        } catch {
            throw AllocationFailure(
                .failed, "the key with which the machine can dial is gone", detail: "\(file): \(error)")
        }
    }

    /// Waits until the machine has dialled, or is gone.
    func dialled(
        _ answer: AllocatorWire.Allocated, _ request: BuilderRequest, _ progress: (String) -> Void
    ) async throws -> DialledMachine {
        guard settings.attach != nil, let arrival = request.arrival else {
            throw AllocatedMachine.Fault(
                reason:
                    "attach: machines of this pool can dial no gateway; set attach in [runner.pool.\(settings.pool)]"
            )
        }
        try AllocatedMachine.check(answer, at: now())
        progress("the machine is expected to dial \(settings.attach?.gateway ?? "")")
        return try await withThrowingTaskGroup(of: DialledMachine?.self) { group in
            group.addTask { try await arrival() }
            group.addTask { [watch, until = answer.until] in
                await watch.waitUntilGone(request.allocation, until: until) { true }
                return nil
            }
            defer { group.cancelAll() }
            guard let machine = try await group.next() ?? nil else {
                try Task.checkCancellation()
                throw AllocationFailure(.failed, "the machine has ended before it has dialled")
            }
            return machine
        }
    }
}
