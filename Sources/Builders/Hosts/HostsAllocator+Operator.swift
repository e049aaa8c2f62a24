import FoundationEssentials
import Presentation

/// What operators do: they see who has which machine, and put machines back into service.
extension HostsAllocator {
    /// A table, with a line for each machine.
    package func table() throws(AllocatorEnd) -> String {
        let state: HostsState
        do throws(HostsFailure) { state = try folder.read() } catch { throw AllocatorEnd(error) }
        var table = Table(["MACHINE", "ADDRESS", "ARCH", "TAGS", "LAST OWNER", "STATE"])
        for host in hosts {
            table.add([
                host.name, "\(host.user)@\(host.address) port \(host.port)", host.arch ?? "-",
                host.tags.isEmpty ? "-" : host.tags.joined(separator: ","), state[host].lastOwner ?? "-",
                words(state[host]),
            ])
        }
        return table.text
    }

    private func words(_ record: HostsState.Record) -> String {
        if let allocation = record.allocation {
            return "in use: job \(allocation.job) of \(allocation.ownerName)"
        }
        if let fault = record.outOfService { return "out of service: \(fault)" }
        if let retryAt = record.retryAt, retryAt > now() { return "free, but it did not let us in" }
        return "free"
    }

    /// Puts a machine back into service, as new: the operator vouches for it.
    package func returnHost(_ name: String) throws(AllocatorEnd) {
        guard let host = hosts.first(where: { $0.name == name }) else {
            throw AllocatorEnd(64, "there is no machine \(name) in the file")
        }
        var user: HostsState.Allocation?
        try change { state throws(HostsFailure) in
            user = state[host].allocation
            if user == nil { state.records[name] = nil }
        }
        if let user {
            throw AllocatorEnd(
                1, "\(name) is in use by job \(user.job) of \(user.ownerName): release that job first")
        }
    }
}
