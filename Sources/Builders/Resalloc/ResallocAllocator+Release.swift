import AllocatorPrograms
package import AllocatorProtocol

/// The end of an allocation.
extension ResallocAllocator {
    /// Returns when its ticket is closed; throws if that has to be tried again. Harmless when repeated.
    package func release(_ request: AllocatorWire.Release) async throws(AllocatorEnd) {
        try Self.check(request.allocation)
        do throws(AllocatorFailure) {
            let lock = try lock(request.allocation)
            // Where the state folder is new, the runner still knows the ticket.
            if let ticket = request.data.flatMap({ Int($0) }),
                try folder.read().records[request.allocation] == nil
            {
                try await client.close(ticket)
            }
            try await end(request.allocation, until: .now + .seconds(TicketRequest.longest + 10))
            lock.removeFile()
        } catch {
            throw AllocatorEnd(error)
        }
    }

    /// Closes the ticket that is recorded or asked for, and forgets it. The caller has the lock.
    private func end(
        _ allocation: String, until deadline: ContinuousClock.Instant
    ) async throws(AllocatorFailure) {
        guard let record = try folder.read().records[allocation] else { return }
        var ticket = record.ticket
        if ticket == nil, record.sandbox != nil {
            switch try await asked(allocation, until: deadline) {
            case .running: throw .unfinished("resalloc is still asked for a ticket")
            case .answered(let number): ticket = number
            case .failed, .unasked: break
            }
        }
        if let ticket { try await client.close(ticket) }
        access.forget(allocation)
        TicketRequest(folder: folder, allocation: allocation).remove()
        try folder.update { state throws(AllocatorFailure) in state.records[allocation] = nil }
    }

    /// The same within the few seconds after SIGTERM, although the caller is cancelled. What is left, `release` does.
    func giveUp(_ allocation: String) async {
        var hasty = self
        hasty.client.limit = hurry
        await Task { [hasty] in
            do throws(AllocatorFailure) {
                try await hasty.end(allocation, until: .now + hurry)
            } catch {
                said(error.reason)
            }
        }.value
    }
}
