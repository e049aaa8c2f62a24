import AllocatorPrograms
import FoundationEssentials
import HelperPrograms

/// Making a machine new.
extension HostsAllocator {
    /// Returns when it is new. A reset takes as long as it takes: each call waits for a while for the one that was begun,
    /// and none begins a second one.
    ///
    /// Throws an unfinished failure if it still runs at the deadline. The caller has the machine's lock.
    ///
    /// - Parameter reason: why, for the job's log.
    func makeNew(
        _ host: SSHHost, because reason: String? = nil, until deadline: ContinuousClock.Instant
    ) async throws(AllocatorFailure) {
        var begun: String?
        while true {
            let reset: HostsState.Reset
            if let former = try folder.read()[host].reset {
                reset = former
            } else {
                said("\(host.name): is made new\(reason.map { ", because \($0)" } ?? "")")
                reset = try await begin(host)
                begun = reset.id
            }
            switch try await end(of: reset, at: host, until: deadline, isLoud: reset.id == begun) {
            case .succeeded:
                return try folder.update { state throws(AllocatorFailure) in
                    state[host].reset = nil
                    state[host].lastOwner = nil
                    state[host].retryAt = nil
                }
            case .failed(let reason):
                try forget(reset, of: host)
                throw AllocatorFailure(reason)
            case .interrupted:
                try forget(reset, of: host)
                guard reset.id != begun else { throw AllocatorFailure("\(host.name): reset was interrupted") }
                said("\(host.name): reset was interrupted, and is begun again")
            case .running:
                throw .unfinished(
                    "\(host.name): is still being made new, since \(reset.since.formatted(.iso8601))")
            }
        }
    }

    private func begin(_ host: SSHHost) async throws(AllocatorFailure) -> HostsState.Reset {
        guard let words = host.reset else {
            throw AllocatorFailure("\(host.name): reset is not in the file any more")
        }
        let reset = HostsState.Reset(
            id: String(UInt64.random(in: 0 ... .max), radix: 16), since: now())
        try folder.update { state throws(AllocatorFailure) in state[host].reset = reset }
        do throws(AllocatorFailure) {
            try await access.beginReset(of: host, words, id: reset.id)
        } catch {
            try forget(reset, of: host)
            throw error
        }
        return reset
    }

    private func forget(_ reset: HostsState.Reset, of host: SSHHost) throws(AllocatorFailure) {
        try folder.update { state throws(AllocatorFailure) in
            if state[host].reset == reset { state[host].reset = nil }
        }
    }

    /// How it has ended, or that it has not. Tells meanwhile what the program says.
    private func end(
        of reset: HostsState.Reset, at host: SSHHost, until deadline: ContinuousClock.Instant, isLoud: Bool
    ) async throws(AllocatorFailure) -> ResetProgress {
        var lines = SpokenLines()
        var offset = 0
        while true {
            let progress = try await access.reset(of: host.name, id: reset.id)
            if isLoud {
                let output = access.output(ofReset: host.name, after: offset)
                offset += output.count
                for line in lines.append(output) { said("\(host.name): \(line)") }
            }
            guard progress == .running, ContinuousClock.now < deadline else {
                if isLoud { for line in lines.finish() { said("\(host.name): \(line)") } }
                return progress
            }
            try? await Task.sleep(for: interval)
        }
    }
}
