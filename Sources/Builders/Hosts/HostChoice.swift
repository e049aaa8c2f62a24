import AllocatorProtocol
import BuildAPI
import FoundationEssentials

/// Which machine a job gets. No clock and no I/O.
enum HostChoice: Equatable {
    /// - mustReset: someone else's job was there.
    case take(SSHHost, mustReset: Bool)
    /// None at the moment, and why.
    case wait(String)
    /// There is no such machine.
    case never(String)

    /// - Parameters:
    ///   - busy: names of machines that are being worked on.
    ///   - failed: names of machines that have just been tried for this job.
    static func make(
        _ request: AllocatorWire.Allocate, of hosts: [SSHHost], _ state: HostsState, busy: Set<String>,
        failed: Set<String> = [], at now: Date
    ) -> HostChoice {
        let fitting = hosts.filter { host in
            (request.arch == nil || request.arch == host.arch?.description)
                && request.tags.allSatisfy(host.tags.contains)
        }
        guard !fitting.isEmpty else { return .never(noSuch(request)) }
        var taken = 0
        var outOfService = 0
        var silent = 0
        var others = 0
        var best: (host: SSHHost, rank: Rank, order: Int)?
        for host in fitting {
            let record = state[host]
            if record.outOfService != nil {
                outOfService += 1
            } else if let rank = rank(host, record, for: request.owner.id) {
                if record.allocation != nil || busy.contains(host.name) {
                    taken += 1
                } else if failed.contains(host.name) || record.retryAt ?? now > now {
                    silent += 1
                } else {
                    // It has failed lately, so it comes after all that have not.
                    let order = rank.rawValue + (record.retryAt == nil ? 0 : Rank.allCases.count)
                    if order < best?.order ?? .max { best = (host, rank, order) }
                }
            } else {
                others += 1
            }
        }
        if let best { return .take(best.host, mustReset: best.rank == .mustReset) }
        guard others < fitting.count else {
            return .never(
                "no machine here is for this job: each that fits stays with another owner, until an operator "
                    + "returns it")
        }
        let reasons = [
            (taken, "in use"), (outOfService, "out of service"), (silent, "out of reach"),
            (others, "reserved for another owner"),
        ]
        let words = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return .wait("no machine is free: \(words.joined(separator: ", "))")
    }

    /// The first is taken.
    private enum Rank: Int, CaseIterable {
        case own, new, trusted, mustReset
    }

    /// Nil: it is not for this owner, and no end of a job changes that.
    private static func rank(_ host: SSHHost, _ record: HostsState.Record, for owner: String) -> Rank? {
        guard record.reset == nil else { return .mustReset }
        let isAdmitted = record.allocation.map { $0.isAdmitted != false } ?? false
        return switch isAdmitted ? record.allocation?.owner : record.lastOwner {
        case owner: .own
        case nil: .new
        case _ where host.reuse == .trusted: .trusted
        case _ where host.reset != nil: .mustReset
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
