import AllocatorProtocol
import FoundationEssentials

/// Which machine a job gets. No clock and no I/O.
enum HostChoice: Equatable {
    /// - mustReset: someone else's job was there.
    case take(SSHHost, mustReset: Bool)
    /// None at the moment, and why.
    case wait(String)
    /// There is no such machine.
    case never(String)

    /// - Parameter busy: names of machines that are being worked on.
    static func make(
        _ request: AllocatorWire.Allocate, of hosts: [SSHHost], _ state: HostsState, busy: Set<String>,
        at now: Date
    ) -> HostChoice {
        let fitting = hosts.filter { host in
            (request.arch == nil || request.arch == host.arch) && request.tags.allSatisfy(host.tags.contains)
        }
        guard !fitting.isEmpty else { return .never(noSuch(request)) }
        var taken = 0
        var outOfService = 0
        var silent = 0
        var others = 0
        var best: (host: SSHHost, rank: Int)?
        for host in fitting {
            let record = state[host]
            if record.outOfService != nil {
                outOfService += 1
            } else if record.allocation != nil || busy.contains(host.name) {
                taken += 1
            } else if let retryAt = record.retryAt, retryAt > now {
                silent += 1
            } else if let rank = rank(host, record, for: request.owner.id) {
                if rank < best?.rank ?? .max { best = (host, rank) }
            } else {
                others += 1
            }
        }
        if let best { return .take(best.host, mustReset: best.rank == mustReset) }
        let reasons = [
            (taken, "in use"), (outOfService, "out of service"), (silent, "out of reach"),
            (others, "reserved for another owner"),
        ]
        let words = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return .wait("no machine is free: \(words.joined(separator: ", "))")
    }

    private static let mustReset = 3

    /// The lowest is taken; nil: not for this owner.
    private static func rank(_ host: SSHHost, _ record: HostsState.Record, for owner: String) -> Int? {
        switch record.lastOwner {
        case owner: 0
        case nil: 1
        case _ where host.reuse == .trusted: 2
        case _ where host.reset != nil: mustReset
        default: nil
        }
    }

    private static func noSuch(_ request: AllocatorWire.Allocate) -> String {
        let wanted = [
            request.arch.map { "the architecture \($0)" },
            request.tags.isEmpty ? nil : "the tags \(request.tags.joined(separator: ", "))",
        ].compactMap(\.self)
        return "no machine here has \(wanted.joined(separator: " and "))"
    }
}
