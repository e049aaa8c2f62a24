import AllocatorPrograms
package import AllocatorProtocol
import FoundationEssentials

/// The allocator `hosts`: gives out machines of a file, to one job at a time each.
///
/// What it does on a machine is recorded before it is begun, so that it can be killed at any moment: `release` then does
/// what is left to do.
package struct HostsAllocator: Sendable {
    let hosts: [SSHHost]
    let folder: StateFolder<HostsState>
    let access: any HostAccess
    let now: @Sendable () -> Date
    let said: @Sendable (String) -> Void

    /// A machine that did not let us in is not tried again for so many seconds.
    static let pause = 60.0
    /// After so long `allocate` begins nothing more, and waits for no `reset`: if the runner has to end it, the job fails.
    var patience = Duration.seconds(120)
    /// So long `release` waits for a `reset`. If the runner ends it, it is only tried again.
    var releasePatience = Duration.seconds(600)
    /// How often a machine is tried after a `reset`, and a `reset` looked after.
    var interval = Duration.seconds(1)

    /// - Parameter said: gets a line about each thing that takes time or goes wrong.
    package init(_ file: HostsFile, said: @escaping @Sendable (String) -> Void) throws(AllocatorEnd) {
        do throws(AllocatorFailure) {
            let folder = try StateFolder<HostsState>(file.state)
            self.init(file.hosts, folder, StockSSH(folder: folder, said: said), said: said)
        } catch {
            throw AllocatorEnd(error)
        }
    }

    init(
        _ hosts: [SSHHost], _ folder: StateFolder<HostsState>, _ access: any HostAccess,
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
        let lock: FolderLock
    }

    /// Throws ``AllocatorWire/Status/notNow`` while all machines that fit are taken, or do not let us in. Each is tried once.
    package func allocate(
        _ request: AllocatorWire.Allocate
    ) async throws(AllocatorEnd) -> AllocatorWire.Allocated {
        let deadline = ContinuousClock.now + patience
        var failed: Set<String> = []
        while true {
            let taken = try take(for: request, except: failed)
            let host = taken.host
            do throws(AllocatorFailure) {
                try await prepare(taken, for: request, until: deadline)
                _ = taken.lock
                return AllocatorWire.Allocated(
                    address: host.address, port: host.port, user: host.user, hostKeys: host.hostKeys,
                    until: taken.until, data: host.name)
            } catch {
                // Until it is new, it stays the job's.
                guard error.code == nil, !error.isUnfinished else { throw AllocatorEnd(error) }
                // The next one may work.
                said(error.reason)
                failed.insert(host.name)
                try change { $0[host].allocation = nil }
            }
            guard ContinuousClock.now < deadline else {
                throw AllocatorEnd(AllocatorWire.Status.notNow, "no machine has let us in so far")
            }
        }
    }

    private func take(
        for request: AllocatorWire.Allocate, except failed: Set<String>
    ) throws(AllocatorEnd) -> Taken {
        var end: AllocatorEnd?
        let taken: Taken? = try change { state throws(AllocatorFailure) in
            // An earlier attempt may have got as far as that.
            if let name = state.holder(of: request.allocation) {
                guard let lock = try folder.lock(name) else {
                    end = AllocatorEnd(
                        AllocatorWire.Status.notNow, "\(name): another process still works on it")
                    return nil
                }
                guard let host = hosts.first(where: { $0.name == name }) else {
                    state.retire(name)
                    end = AllocatorEnd(AllocatorWire.Status.notNow, "\(name): is not in the file any more")
                    return nil
                }
                state[host].allocation = nil
                let choice = HostChoice.make(
                    request, of: [host], state, busy: [], failed: failed, at: now())
                if case .take(_, let mustReset) = choice {
                    return note(host, mustReset, lock, for: request, in: &state)
                }
            }
            var busy: Set<String> = []
            while true {
                switch HostChoice.make(request, of: hosts, state, busy: busy, failed: failed, at: now()) {
                case .wait(let reason):
                    end = AllocatorEnd(AllocatorWire.Status.notNow, reason)
                    return nil
                case .never(let reason):
                    end = AllocatorEnd(1, reason)
                    return nil
                case .take(let host, let mustReset):
                    guard let lock = try folder.lock(host.name) else {
                        busy.insert(host.name)
                        continue
                    }
                    return note(host, mustReset, lock, for: request, in: &state)
                }
            }
        }
        guard let taken else { throw end! }
        return taken
    }

    private func note(
        _ host: SSHHost, _ mustReset: Bool, _ lock: FolderLock, for request: AllocatorWire.Allocate,
        in state: inout HostsState
    ) -> Taken {
        let until = now().addingTimeInterval(Double(request.lifetime))
        state[host].allocation = .init(
            id: request.allocation, pool: request.pool, job: request.job, owner: request.owner.id,
            ownerName: request.owner.name, until: until, isAdmitted: false)
        return Taken(host: host, mustReset: mustReset, until: until, lock: lock)
    }

    /// Makes it new, if that has to be, and lets the job in.
    private func prepare(
        _ taken: Taken, for request: AllocatorWire.Allocate, until deadline: ContinuousClock.Instant
    ) async throws(AllocatorFailure) {
        let host = taken.host
        if taken.mustReset {
            do throws(AllocatorFailure) {
                try await makeNew(host, because: "it was another owner's", until: deadline)
            } catch {
                guard error.code == nil, !error.isUnfinished else { throw error }
                try folder.update { state throws(AllocatorFailure) in
                    state[host].outOfService = "reset has failed: \(error.reason)"
                }
                throw error
            }
        }
        do throws(AllocatorFailure) {
            said("\(host.name): logging in")
            try await admit(request.authorizedKeys, to: host, until: taken.mustReset ? deadline : .now)
        } catch {
            guard error.code == nil else { throw error }
            try folder.update { state throws(AllocatorFailure) in
                state[host].retryAt = now().addingTimeInterval(Self.pause)
            }
            throw error
        }
        // Only whose job can get there has it afterwards.
        try folder.update { state throws(AllocatorFailure) in
            state[host].retryAt = nil
            state[host].lastOwner = request.owner.id
            state[host].allocation?.isAdmitted = true
        }
    }

    private func admit(
        _ keys: [String], to host: SSHHost, until deadline: ContinuousClock.Instant
    ) async throws(AllocatorFailure) {
        while true {
            do throws(AllocatorFailure) {
                return try await access.admit(keys, to: host)
            } catch {
                guard error.code == nil, ContinuousClock.now < deadline else { throw error }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// What the jobs of a pool have. Whether it answers, the runner sees for itself.
    package func list(_ request: AllocatorWire.List) throws(AllocatorEnd) -> AllocatorWire.Listed {
        let state: HostsState
        do throws(AllocatorFailure) { state = try folder.read() } catch { throw AllocatorEnd(error) }
        let allocations = state.records.values.compactMap(\.allocation).filter { $0.pool == request.pool }
        return AllocatorWire.Listed(
            allocations: allocations.sorted { $0.id < $1.id }.map {
                .init(allocation: $0.id, state: .unknown, until: $0.until)
            })
    }

    func change<Result>(
        _ body: (inout HostsState) throws(AllocatorFailure) -> Result
    ) throws(AllocatorEnd) -> Result {
        do throws(AllocatorFailure) {
            return try folder.update(body)
        } catch {
            throw AllocatorEnd(error)
        }
    }
}
