package import AllocatorProtocol
import FoundationEssentials

/// The allocator `hosts`: gives out machines of a file, to one job at a time each.
///
/// What it does on a machine is recorded before it is begun, so that it can be killed at any moment: `release` then does
/// what is left to do.
package struct HostsAllocator: Sendable {
    let hosts: [SSHHost]
    let folder: StateFolder
    let access: any HostAccess
    let now: @Sendable () -> Date
    let said: @Sendable (String) -> Void

    /// A machine that did not let us in is not tried again for so many seconds.
    static let pause = 60.0
    /// How long a machine has to answer after `reset`.
    var startTime = Duration.seconds(600)
    /// How often it is asked meanwhile.
    var interval = Duration.seconds(5)

    /// - Parameter said: gets a line about each thing that takes time or goes wrong.
    package init(_ file: HostsFile, said: @escaping @Sendable (String) -> Void) throws(AllocatorEnd) {
        do throws(HostsFailure) {
            let folder = try StateFolder(file.state)
            self.init(file.hosts, folder, StockSSH(folder: folder, said: said), said: said)
        } catch {
            throw AllocatorEnd(error)
        }
    }

    init(
        _ hosts: [SSHHost], _ folder: StateFolder, _ access: any HostAccess,
        now: @escaping @Sendable () -> Date = { Date() }, said: @escaping @Sendable (String) -> Void
    ) {
        self.hosts = hosts
        self.folder = folder
        self.access = access
        self.now = now
        self.said = said
    }

    /// A machine that is recorded as the job's, and locked.
    private struct Taken {
        var host: SSHHost
        var mustReset: Bool
        var until: Date
        let lock: StateFolder.Lock
    }

    /// Throws ``AllocatorWire/Status/notNow`` while all machines that fit are taken.
    package func allocate(
        _ request: AllocatorWire.Allocate
    ) async throws(AllocatorEnd) -> AllocatorWire.Allocated {
        while true {
            let taken = try take(for: request)
            let host = taken.host
            do throws(HostsFailure) {
                try await prepare(taken, for: request)
                _ = taken.lock
                return AllocatorWire.Allocated(
                    address: host.address, port: host.port, user: host.user, hostKeys: host.hostKeys,
                    until: taken.until, data: host.name)
            } catch {
                guard error.code == nil else { throw AllocatorEnd(error) }
                // The next one may work.
                said(error.reason)
                try change { $0[host].allocation = nil }
            }
        }
    }

    private func take(for request: AllocatorWire.Allocate) throws(AllocatorEnd) -> Taken {
        var end: AllocatorEnd?
        let taken: Taken? = try change { state throws(HostsFailure) in
            // An earlier attempt may have got as far as that.
            let own = state.holder(of: request.allocation)
            let hosts = own == nil ? hosts : hosts.filter { $0.name == own }
            if let own { state.records[own]?.allocation = nil }
            var busy: Set<String> = []
            while true {
                switch HostChoice.make(request, of: hosts, state, busy: busy, at: now()) {
                case .wait(let reason):
                    end = AllocatorEnd(AllocatorWire.Status.notNow, reason)
                    return nil
                case .never(let reason):
                    end = AllocatorEnd(1, reason)
                    return nil
                case .take(let host, let mustReset):
                    guard let lock = try folder.lock(host: host.name) else {
                        busy.insert(host.name)
                        continue
                    }
                    let until = now().addingTimeInterval(Double(request.lifetime))
                    state[host].allocation = .init(
                        id: request.allocation, pool: request.pool, job: request.job, owner: request.owner.id,
                        ownerName: request.owner.name, until: until)
                    return Taken(host: host, mustReset: mustReset, until: until, lock: lock)
                }
            }
        }
        guard let taken else { throw end! }
        return taken
    }

    /// Makes it new, if that has to be, and lets the job in.
    private func prepare(_ taken: Taken, for request: AllocatorWire.Allocate) async throws(HostsFailure) {
        let host = taken.host
        if taken.mustReset, let reset = host.reset {
            said("\(host.name): is made new, because it was another owner's")
            do throws(HostsFailure) {
                try await access.reset(host, reset)
            } catch {
                try folder.update { state throws(HostsFailure) in
                    state[host].outOfService = "reset has failed: \(error.reason)"
                }
                throw error
            }
        }
        try folder.update { state throws(HostsFailure) in state[host].lastOwner = request.owner.id }
        do throws(HostsFailure) {
            said("\(host.name): logging in")
            try await admit(request.authorizedKeys, to: host, within: taken.mustReset ? startTime : .zero)
            try folder.update { state throws(HostsFailure) in state[host].retryAt = nil }
        } catch {
            guard error.code == nil else { throw error }
            try folder.update { state throws(HostsFailure) in
                state[host].retryAt = now().addingTimeInterval(Self.pause)
            }
            throw error
        }
    }

    private func admit(
        _ keys: [String], to host: SSHHost, within time: Duration
    ) async throws(HostsFailure) {
        let end = ContinuousClock.now + time
        while true {
            do throws(HostsFailure) {
                return try await access.admit(keys, to: host)
            } catch {
                guard error.code == nil, ContinuousClock.now < end else { throw error }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// What the jobs of a pool have.
    package func list(_ request: AllocatorWire.List) throws(AllocatorEnd) -> AllocatorWire.Listed {
        let state: HostsState
        do throws(HostsFailure) { state = try folder.read() } catch { throw AllocatorEnd(error) }
        let allocations = state.records.values.compactMap(\.allocation).filter { $0.pool == request.pool }
        return AllocatorWire.Listed(
            allocations: allocations.sorted { $0.id < $1.id }.map {
                .init(allocation: $0.id, state: .alive, until: $0.until)
            })
    }

    func change<Result>(
        _ body: (inout HostsState) throws(HostsFailure) -> Result
    ) throws(AllocatorEnd) -> Result {
        do throws(HostsFailure) {
            return try folder.update(body)
        } catch {
            throw AllocatorEnd(error)
        }
    }
}
