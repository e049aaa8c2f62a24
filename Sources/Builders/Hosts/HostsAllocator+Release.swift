package import AllocatorProtocol

/// The end of a job's time on a machine.
extension HostsAllocator {
    /// Returns when the job has nothing there any more; throws if it has to be tried again. Harmless when repeated.
    package func release(_ request: AllocatorWire.Release) async throws(AllocatorEnd) {
        do throws(HostsFailure) {
            guard let name = try folder.read().holder(of: request.allocation) else { return }
            guard let host = hosts.first(where: { $0.name == name }) else {
                said("\(name): is not in the file any more")
                try folder.update { state throws(HostsFailure) in state.records[name]?.allocation = nil }
                return
            }
            guard let lock = try folder.lock(host: name) else {
                throw HostsFailure("\(name): another process still works on it")
            }
            let record = try folder.update { state throws(HostsFailure) in
                if request.entered { state[host].allocation?.entered = true }
                return state[host]
            }
            // Another call may have done it all.
            guard let allocation = record.allocation, allocation.id == request.allocation else { return }
            let end = try await leave(host, after: allocation)
            try folder.update { state throws(HostsFailure) in
                state[host].allocation = nil
                if end.isNew { state[host].lastOwner = nil }
                if let fault = end.fault { state[host].outOfService = fault }
            }
            _ = lock
        } catch {
            throw AllocatorEnd(error)
        }
    }

    /// How a machine is left.
    private struct End {
        var isNew = false
        /// Why nobody gets it.
        var fault: String?
    }

    private func leave(
        _ host: SSHHost, after allocation: HostsState.Allocation
    ) async throws(HostsFailure) -> End {
        guard !allocation.entered else {
            if let reset = host.reset { return try await self.reset(host, reset) }
            try await access.withdraw(from: host)
            return End(fault: "someone was inside during job \(allocation.job) of \(allocation.ownerName)")
        }
        if host.clean == nil, let reset = host.reset { return try await self.reset(host, reset) }
        do throws(HostsFailure) {
            try await access.withdraw(from: host)
        } catch {
            guard let reset = host.reset else { throw error }
            said(error.reason)
            return try await self.reset(host, reset)
        }
        guard let clean = host.clean else { return End() }
        do throws(HostsFailure) {
            said("\(host.name): cleaning")
            try await access.clean(host, clean)
            return End()
        } catch {
            guard let reset = host.reset else { return End(fault: "clean has failed: \(error.reason)") }
            said(error.reason)
            return try await self.reset(host, reset)
        }
    }

    private func reset(_ host: SSHHost, _ words: [String]) async throws(HostsFailure) -> End {
        said("\(host.name): is made new")
        try await access.reset(host, words)
        return End(isNew: true)
    }
}
