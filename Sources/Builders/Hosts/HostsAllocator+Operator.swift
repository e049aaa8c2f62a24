import AllocatorPrograms
package import AllocatorProtocol
import BuildAPI
import FoundationEssentials
import Presentation

/// What operators do: they see who has which machine, and put machines back into service.
extension HostsAllocator {
    /// A table, with a line for each machine; also for those that are no longer in the file, but are not done with.
    package func table() throws(AllocatorEnd) -> String {
        let state: HostsState
        do throws(AllocatorFailure) { state = try folder.read() } catch { throw AllocatorEnd(error) }
        var table = Table(["MACHINE", "ADDRESS", "ARCH", "TAGS", "LAST OWNER", "STATE"])
        for host in hosts {
            table.add([
                host.name, "\(host.user)@\(host.address) port \(host.port)", host.arch?.description ?? "-",
                host.tags.isEmpty ? "-" : host.tags.joined(separator: ","), state[host].lastOwner ?? "-",
                words(state[host]),
            ])
        }
        for (name, record) in state.records.sorted(by: { $0.key < $1.key })
        where record.isOpen && !hosts.contains(where: { $0.name == name }) {
            table.add([name, "not in the file", "-", "-", record.lastOwner ?? "-", words(record)])
        }
        return table.text
    }

    private func words(_ record: HostsState.Record) -> String {
        if let fault = record.outOfService { return "out of service: \(fault)" }
        if let reset = record.reset { return "is being made new since \(reset.since.formatted(.iso8601))" }
        if let allocation = record.allocation {
            return "in use: job \(allocation.job) of \(allocation.ownerName)"
        }
        if let retryAt = record.retryAt, retryAt > now() { return "free, but it did not let us in" }
        return "free"
    }

    /// Puts a machine back into service, as new: the operator vouches for it.
    package func returnHost(_ name: String) async throws(AllocatorEnd) {
        let lock: FolderLock?
        let isKnown: Bool
        do throws(AllocatorFailure) {
            let record = try folder.read().records[name]
            isKnown = hosts.contains { $0.name == name } || record?.isOpen == true
            lock = isKnown ? try folder.lock(name) : nil
            if lock != nil, let reset = record?.reset {
                guard try await access.reset(of: name, id: reset.id) != .running else {
                    throw .unfinished("\(name): is still being made new")
                }
            }
        } catch {
            throw AllocatorEnd(error)
        }
        guard isKnown else { throw AllocatorEnd(64, "there is no machine \(name) in the file") }
        guard let lock else { throw AllocatorEnd(1, "\(name): another process still works on it") }
        var user: HostsState.Allocation?
        try change { state throws(AllocatorFailure) in
            user = state.records[name]?.allocation
            if user == nil { state.records[name] = nil }
        }
        _ = lock
        if let user {
            throw AllocatorEnd(
                1, "\(name) is in use by job \(user.job) of \(user.ownerName): release that job first")
        }
    }
}
