import AllocatorPrograms
package import AllocatorProtocol
import FoundationEssentials

/// The end of a job's time on a machine.
extension HostsAllocator {
    /// A release that has failed so often, and for so many seconds, ends with the machine out of service.
    static let enoughReleases = 3
    static let enoughTime = 600.0
    /// The same for attempts that were ended before they could fail.
    static let longestTime = 3600.0

    /// Returns when nobody else gets what the job has left; throws if it has to be tried again. Harmless when repeated.
    package func release(_ request: AllocatorWire.Release) async throws(AllocatorEnd) {
        do throws(AllocatorFailure) {
            guard let name = try folder.read().holder(of: request.allocation) else { return }
            guard let lock = try folder.lock(name) else {
                throw AllocatorFailure("\(name): another process still works on it")
            }
            guard let host = hosts.first(where: { $0.name == name }) else {
                said("\(name): is not in the file any more")
                return try folder.update { state throws(AllocatorFailure) in
                    // Another call may have done it all.
                    if state.records[name]?.allocation?.id == request.allocation { state.retire(name) }
                }
            }
            let record = try begin(request, at: host)
            guard let allocation = record.allocation, allocation.id == request.allocation else { return }
            let end = try await end(of: allocation, at: host, record)
            try folder.update { state throws(AllocatorFailure) in
                state[host].allocation = nil
                if !end.isNew, allocation.isAdmitted != false { state[host].lastOwner = allocation.owner }
                if let fault = end.fault { state[host].outOfService = fault }
                if end.isSilent { state[host].retryAt = now().addingTimeInterval(Self.pause) }
            }
            _ = lock
        } catch {
            throw AllocatorEnd(error)
        }
    }

    /// Notes that it is tried: the attempt may be ended at any moment.
    private func begin(
        _ request: AllocatorWire.Release, at host: SSHHost
    ) throws(AllocatorFailure) -> HostsState.Record {
        try folder.update { state throws(AllocatorFailure) in
            guard state[host].allocation?.id == request.allocation else { return state[host] }
            if request.entered { state[host].allocation?.entered = true }
            let allocation = state[host].allocation
            state[host].allocation?.releases = (allocation?.releases ?? 0) + 1
            state[host].allocation?.firstRelease = allocation?.firstRelease ?? now()
            return state[host]
        }
    }

    /// How a machine is left.
    private struct End {
        var isNew = false
        /// Why nobody gets it.
        var fault: String?
        /// It did not let us in.
        var isSilent = false
    }

    /// A job that has broken its machine must not have it for ever.
    private func end(
        of allocation: HostsState.Allocation, at host: SSHHost, _ record: HostsState.Record
    ) async throws(AllocatorFailure) -> End {
        let isOften = allocation.releases ?? 1 >= Self.enoughReleases
        func hasTaken(_ seconds: Double) -> Bool {
            allocation.firstRelease.map { now().timeIntervalSince($0) >= seconds } ?? false
        }
        let job = "job \(allocation.job) of \(allocation.ownerName)"
        if isOften, hasTaken(Self.longestTime), record.reset == nil {
            return End(fault: "could not be left after \(job) within an hour; keys may still be there")
        }
        do throws(AllocatorFailure) {
            return try await leave(host, after: allocation, isBeingReset: record.reset != nil)
        } catch {
            guard error.code == nil, !error.isUnfinished, isOften, hasTaken(Self.enoughTime) else {
                throw error
            }
            said(error.reason)
            return End(
                fault: host.reset == nil
                    ? "the keys of \(job) may still be there: \(error.reason)"
                    : "reset has failed after \(job): \(error.reason)")
        }
    }

    private func leave(
        _ host: SSHHost, after allocation: HostsState.Allocation, isBeingReset: Bool
    ) async throws(AllocatorFailure) -> End {
        if isBeingReset { return try await reset(host) }
        guard !allocation.entered else {
            if host.reset != nil { return try await reset(host) }
            try await access.withdraw(from: host)
            return End(fault: "someone was inside during job \(allocation.job) of \(allocation.ownerName)")
        }
        guard allocation.isAdmitted != false else { return try await leaveUnused(host) }
        if host.clean == nil, host.reset != nil { return try await reset(host) }
        do throws(AllocatorFailure) {
            try await access.withdraw(from: host)
        } catch {
            guard error.code == nil, host.reset != nil else { throw error }
            said(error.reason)
            return try await reset(host)
        }
        guard let clean = host.clean else { return End() }
        do throws(AllocatorFailure) {
            said("\(host.name): cleaning")
            try await access.clean(host, clean)
            return End()
        } catch {
            guard error.code == nil else { throw error }
            guard host.reset != nil else { return End(fault: "clean has failed: \(error.reason)") }
            said(error.reason)
            return try await reset(host)
        }
    }

    /// The job never got there; at most the runner's keys did, and the next job's replace them.
    private func leaveUnused(_ host: SSHHost) async throws(AllocatorFailure) -> End {
        do throws(AllocatorFailure) {
            try await access.withdraw(from: host)
            return End()
        } catch {
            guard error.code == nil else { throw error }
            said(error.reason)
            return End(isSilent: true)
        }
    }

    private func reset(_ host: SSHHost) async throws(AllocatorFailure) -> End {
        try await makeNew(host, until: .now + releasePatience)
        return End(isNew: true)
    }
}
