import AllocatorPrograms
package import AllocatorProtocol
import FoundationEssentials
import Provider

/// The allocator `resalloc`: gives out what a resalloc server gives for a ticket.
///
/// What it does is recorded before it is begun, so that it can be killed at any moment: `allocate` then goes on with the ticket
/// that there is, and `release` closes it.
package struct ResallocAllocator: Sendable {
    let file: ResallocFile
    let folder: StateFolder<ResallocState>
    var client: ResallocClient
    let access: any MachineAccess
    let now: @Sendable () -> Date
    let said: @Sendable (String) -> Void

    /// How long a machine has until it lets us in.
    var patience = Duration.seconds(180)
    /// How often that is tried.
    var interval = Duration.seconds(3)
    /// How long a ticket rests between two looks at it, the first and the later ones.
    var rests = [1, 1, 2, 3, 5].map { Duration.seconds($0) }
    /// How often it is looked whether a new ticket has its number.
    var glance = Duration.milliseconds(50)
    /// How long each of the two things can take that are done after SIGTERM.
    var hurry = Duration.seconds(4)
    /// When it is time to say that there may be no such machines.
    var doubt = Duration.seconds(60)
    /// The same is not tried for ever: after so many that could not be used the job fails.
    static let mostFailures = 3

    /// - Parameter said: gets a line about each thing that takes time or goes wrong.
    package init(
        _ file: ResallocFile, said: @escaping @Sendable (String) -> Void
    ) throws(AllocatorEnd) {
        do throws(AllocatorFailure) {
            let folder = try StateFolder<ResallocState>(file.state)
            self.init(file, folder, SSHAccess(folder: folder), said: said)
        } catch {
            throw AllocatorEnd(error)
        }
    }

    init(
        _ file: ResallocFile, _ folder: StateFolder<ResallocState>, _ access: any MachineAccess,
        now: @escaping @Sendable () -> Date = { Date() }, said: @escaping @Sendable (String) -> Void
    ) {
        self.file = file
        self.folder = folder
        self.access = access
        self.now = now
        self.said = said
        client = ResallocClient(program: file.program, connection: file.connection)
    }

    /// Throws ``AllocatorWire/Status/notNow`` if it is to be asked again. When the caller is cancelled, the ticket is closed.
    package func allocate(
        _ request: AllocatorWire.Allocate
    ) async throws(AllocatorEnd) -> AllocatorWire.Allocated {
        try Self.check(request.allocation)
        guard let pool = file.pools[request.pool] else {
            throw AllocatorEnd(1, "resalloc.toml has no table [resalloc.pool.\(request.pool)]")
        }
        let tags = try tags(for: request, in: pool)
        do throws(AllocatorFailure) {
            let lock = try lock(request.allocation)
            defer { withExtendedLifetime(lock) {} }
            do throws(AllocatorFailure) {
                return try await machine(for: request, in: pool, with: tags)
            } catch {
                guard Task.isCancelled else { throw error }
                await giveUp(request.allocation)
                throw AllocatorFailure("given up")
            }
        } catch {
            throw AllocatorEnd(error)
        }
    }

    /// What resalloc is asked for: the pool's tags, the architecture's, and the job's.
    private func tags(
        for request: AllocatorWire.Allocate, in pool: ResallocFile.Pool
    ) throws(AllocatorEnd) -> [String] {
        var wanted = pool.tags
        if let arch = request.arch {
            guard let more = file.architectures[arch] else {
                throw AllocatorEnd(1, "resalloc.toml has no table [resalloc.arch.\(arch)]")
            }
            wanted += more
        }
        // The server's database has each only once.
        return (wanted + request.tags).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// An id is a part of a file's name.
    static func check(_ allocation: String) throws(AllocatorEnd) {
        guard AllocationID(allocation) != nil else {
            throw AllocatorEnd(64, "allocation: expected 1 to 96 of [A-Za-z0-9_-]")
        }
    }

    func lock(_ allocation: String) throws(AllocatorFailure) -> FolderLock {
        guard let lock = try folder.lock(allocation) else {
            throw .unfinished("\(allocation): another process still works on it")
        }
        return lock
    }

    /// Goes on where an earlier attempt has got to, and answers as it has answered.
    private func machine(
        for request: AllocatorWire.Allocate, in pool: ResallocFile.Pool, with tags: [String]
    ) async throws(AllocatorFailure) -> AllocatorWire.Allocated {
        let ticket = try await ticket(for: request, with: tags)
        let former = try folder.read().records[request.allocation]?.machine
        do throws(TicketFault) {
            let data = try await data(of: ticket, waitingFor: tags)
            let machine = try await enter(data, of: ticket, for: request, in: pool, until: former?.until)
            return AllocatorWire.Allocated(
                address: machine.address, port: machine.port, user: machine.user,
                hostKeys: machine.hostKeys.isEmpty ? nil : machine.hostKeys, until: machine.until,
                data: "\(ticket)")
        } catch {
            switch error {
            case .unusable(let reason):
                throw try await replace(ticket, of: request.allocation, because: reason)
            case .other(let failure): throw failure
            }
        }
    }

    /// Lets the keys in, and records the machine as the job's.
    ///
    /// - Parameter until: when it ends, if that was answered before.
    private func enter(
        _ data: ResourceData, of ticket: Int, for request: AllocatorWire.Allocate, in pool: ResallocFile.Pool,
        until: Date?
    ) async throws(TicketFault) -> ResallocState.Machine {
        // As it will be read again.
        let end = Date(
            timeIntervalSince1970: now().timeIntervalSince1970.rounded(.down) + Double(request.lifetime))
        var machine = ResallocState.Machine(
            host: data.host, name: data.name ?? data.host, address: try await address(of: data.host),
            port: data.port ?? 22, user: pool.user,
            until: until ?? end)
        said("ticket \(ticket): \(machine.name) at \(machine.address) port \(machine.port)")
        if pool.knownHosts == nil { said("\(machine.name): nobody vouches for its host key") }
        machine.hostKeys = try await admit(request, to: machine, as: pool)
        do throws(AllocatorFailure) {
            try folder.update { state throws(AllocatorFailure) in
                state.records[request.allocation]?.machine = machine
            }
        } catch {
            throw .other(error)
        }
        return machine
    }

    private func address(of host: String) async throws(TicketFault) -> String {
        do throws(AllocatorFailure) {
            return try await HostAddress.find(host)
        } catch {
            throw .unusable(error.reason)
        }
    }

    /// A machine that has only just started may not answer yet.
    private func admit(
        _ request: AllocatorWire.Allocate, to machine: ResallocState.Machine, as pool: ResallocFile.Pool
    ) async throws(TicketFault) -> [String] {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(AllocatorFailure) {
                return try await access.admit(
                    request.authorizedKeys, to: machine, as: pool, of: request.allocation)
            } catch {
                guard error.code == nil else { throw .other(error) }
                // That does not get better.
                let isStranger = error.reason.contains("Host key verification failed")
                guard ContinuousClock.now < deadline, !Task.isCancelled, !isStranger else {
                    throw .unusable("\(pool.user) could not log in: \(error.reason)")
                }
            }
            try? await Task.sleep(for: interval)
        }
    }
}
