import AllocatorProtocol
import BuildAPI
import ConfigurationFile
import Connections
public import FoundationEssentials
import Glibc
import HelperPrograms
public import Logging
public import Provider
import SystemPackage
import TaskChannel

/// Builders of a pool whose machines an allocator program gets.
public final class CommandProvider: BuilderProvider {
    /// How it is set up.
    public struct Settings: Sendable {
        public var pool: String
        /// The program's path and its arguments.
        public var words: [String]
        /// A folder of the runner's, for this pool only.
        public var folder: String
        /// Seconds that an allocation can take.
        public var timeout: Int
        /// The file of the runner's private key.
        public var identity: String
        /// The keys that have to be able to log in: the runner's and the gateways', `<type> <base64>` each.
        public var authorizedKeys: [String]
        /// Whether a machine whose host keys the allocator does not name is known by those that it shows first.
        public var acceptsFirstKeys = false
        /// Which gateway machines can dial that cannot be reached; nil: they cannot.
        public var attach: Attach?
        /// Certifies the host keys of machines on which the runner is root; nil: none are certified.
        public var authority: Authority?
        /// Whether the program has to be root's; tests have none of root's.
        package var demandsRootsProgram = true
        /// How long people wait for `extend`; tests can be on a busy machine.
        package var extendTime = AllocatorProgram.usualExtendLimit

        public init(
            pool: String, words: [String], folder: String, timeout: Int, identity: String,
            authorizedKeys: [String]
        ) {
            self.pool = pool
            self.words = words
            self.folder = folder
            self.timeout = timeout
            self.identity = identity
            self.authorizedKeys = authorizedKeys
        }
    }

    /// The job gives up first, and says so; after that it is ended.
    private static let allowance = Duration.seconds(30)

    let settings: Settings
    let logger: Logger
    private let program: AllocatorProgram
    let watch: AllocationWatch
    let now: @Sendable () -> Date

    /// Where the files about a pool's machines are.
    ///
    /// - Parameter state: the runner's folder.
    public static func folder(of pool: String, in state: String) -> String { "\(pools(in: state))/\(pool)" }

    public static func pools(in state: String) -> String { "\(state)/pools" }

    /// Whether the paths of the sockets in the folder of any allocation are short enough.
    public static func isShortEnough(_ folder: String) -> Bool {
        let allocation = AllocationFolder(of: AllocationID(for: JobID("\(Int32.max)")!), in: folder)
        return SSHDestination.controlSocket(in: allocation.path).string.utf8.count
            + SSHDestination.temporarySuffix <= HandoverSocket.longestPath
    }

    /// Checks the program, and makes the pool's folder.
    public init(
        _ settings: Settings, logger: Logger, now: @escaping @Sendable () -> Date = { Date() }
    ) throws(BuilderError) {
        if settings.demandsRootsProgram, let objection = RootsFile.objection(toProgram: settings.words[0]) {
            throw BuilderError(.programMissing, detail: objection)
        }
        let work = settings.folder + "/work"
        for folder in [settings.folder, work] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw BuilderError(.commandFailed, detail: "\(folder): \(String(cString: strerror(errno)))")
            }
        }
        self.settings = settings
        self.logger = logger
        self.now = now
        program = AllocatorProgram(
            words: settings.words, pool: settings.pool, folder: work,
            limit: .seconds(settings.timeout) + Self.allowance, extendLimit: settings.extendTime)
        watch = AllocationWatch(program, logger: logger)
    }

    public func begin(knowing isKnown: @escaping @Sendable (AllocationID) async -> Bool) async {
        await watch.begin(knowing: isKnown)
    }

    // MARK: Allocating

    public func allocate(
        _ request: BuilderRequest, progress: @escaping @Sendable (_ line: String) -> Void
    ) async throws -> any AllocatedBuilder {
        let question = AllocatorWire.Allocate(
            allocation: request.allocation.description, job: request.job.description,
            owner: .init(id: request.owner.id, name: request.owner.name), pool: request.pool,
            arch: request.arch?.description, tags: request.tags,
            image: request.image.isEmpty ? nil : request.image,
            lifetime: request.longestLife, authorizedKeys: settings.authorizedKeys,
            attach: try attachMember(for: request))
        let answer: AllocatorWire.Allocated
        do throws(AllocatorFault) {
            answer = try await program.ask(
                .allocate, question, environment: Self.environment(question), progress)
        } catch {
            throw Self.translated(error)
        }
        let folder = AllocationFolder(of: request.allocation, in: settings.folder)
        let machine: AllocatedMachine
        var socket: String?
        do {
            if answer.attach == true {
                let dialled = try await dialled(answer, request, progress)
                if case .socket(let path) = dialled.endpoint { socket = path }
                machine = try AllocatedMachine(dialled, answer, to: request, at: now())
            } else {
                machine = try AllocatedMachine(
                    answer, to: request, acceptsFirstKeys: settings.acceptsFirstKeys, at: now())
            }
        } catch let fault as AllocatedMachine.Fault {
            throw AllocationFailure(
                .failed, "the pool's allocator has given an answer that cannot be used: \(fault.reason)")
        }
        do {
            if let socket { try folder.link(to: socket) }
            try folder.store(machine)
        } catch {
            // The allocator is asked again when there is space, and answers the same.
            let code = (error as? SmallFile.NotReplaced)?.code ?? (error as? Errno)?.rawValue
            throw AllocationFailure(
                [ENOSPC, EDQUOT].contains(code) ? .notNow : .failed, "the machine could not be recorded",
                detail: "\(folder.path): \(error)")
        }
        folder.removeAttachKey()
        return builder(request.allocation, machine, folder)
    }

    private static func environment(_ question: AllocatorWire.Allocate) -> [String: String] {
        [
            "SALLYPORT_ALLOCATION": question.allocation, "SALLYPORT_JOB": question.job,
            "SALLYPORT_OWNER": question.owner.name, "SALLYPORT_ARCH": question.arch ?? "",
            "SALLYPORT_LIFETIME": "\(question.lifetime)",
        ]
    }

    /// What people read is the program's last line.
    private static func translated(_ fault: AllocatorFault) -> any Error {
        switch fault {
        case .cancelled: CancellationError()
        case .ended(.exited(AllocatorWire.Status.notNow), let line):
            AllocationFailure(.notNow, line ?? "the pool has no machine free", detail: fault.cause)
        case .ended(_, let line):
            AllocationFailure(.failed, line ?? "the pool's allocator has failed", detail: fault.cause)
        case .noAnswer:
            AllocationFailure(
                .failed, "the pool's allocator has given no answer that can be used", detail: fault.cause)
        }
    }

    public func reattach(_ allocation: Allocation) async -> (any AllocatedBuilder)? {
        let folder = AllocationFolder(of: allocation.id, in: settings.folder)
        guard var machine = folder.machine() else { return nil }
        // It may have been extended.
        machine.until = allocation.until ?? machine.until
        guard machine.until > now() else { return nil }
        return builder(allocation.id, machine, folder)
    }

    func builder(
        _ allocation: AllocationID, _ machine: AllocatedMachine, _ folder: AllocationFolder
    ) -> CommandBuilder {
        let channel = channel(machine, allocation, folder)
        return CommandBuilder(
            allocation, machine, folder, channel, certification(allocation, machine, folder, channel), watch)
    }

    private func channel(
        _ machine: AllocatedMachine, _ allocation: AllocationID, _ folder: AllocationFolder
    ) -> SSHTaskChannel {
        let (endpoint, key): (Job.Builder.Endpoint, String?) =
            switch machine.place {
            case .address(let address, let port): (.address(address, port: port), nil)
            // The runner's own key is the first of those that machines let in.
            case .gateway: (.socket(path: folder.socket.string), settings.authorizedKeys.first)
            }
        let destination = SSHDestination(
            endpoint: endpoint, user: machine.user, identity: FilePath(settings.identity),
            folder: folder.path, scripts: CarriedScripts.folder, attachedKey: key)
        return SSHTaskChannel(destination) {
            try await CarriedScripts.bring(over: $0, for: allocation, grace: machine.grace ?? 0)
        }
    }

    // MARK: Extending and releasing

    public func extend(_ allocation: Allocation, until moment: Date) async throws -> Date? {
        if let until = allocation.until, until >= moment { return until }
        let question = AllocatorWire.Extend(
            allocation: allocation.id.description, data: data(of: allocation), until: moment)
        do throws(AllocatorFault) {
            let answer: AllocatorWire.Extended = try await program.ask(
                .extend, question, environment: ["SALLYPORT_ALLOCATION": question.allocation])
            await watch.extended(allocation.id, until: answer.until)
            renewCertificates(of: allocation.id, until: answer.until)
            return answer.until
        } catch {
            guard case .ended(.exited(AllocatorWire.Status.cannot), _) = error, let until = allocation.until
            else { throw BuilderError(.commandFailed, detail: error.cause) }
            return until
        }
    }

    public func release(_ allocation: Allocation, entered: Bool) async throws {
        let folder = AllocationFolder(of: allocation.id, in: settings.folder)
        if let machine = folder.machine() {
            await channel(machine, allocation.id, folder).disconnect()
        } else {
            // If a runner was killed during `allocate`, the allocator ended with it, but not what that had started.
            await MarkedProcesses.end(with: "SALLYPORT_ALLOCATION=\(allocation.id)")
        }
        do throws(AllocatorFault) {
            try await watch.release(allocation.id, data: data(of: allocation), entered: entered)
        } catch {
            throw BuilderError(.commandFailed, detail: error.cause)
        }
        folder.remove()
    }

    private func data(of allocation: Allocation) -> String? {
        AllocationFolder(of: allocation.id, in: settings.folder).machine()?.data ?? allocation.data
    }
}
