import AllocatorPrograms
package import AllocatorProtocol

/// What the jobs of a pool have.
extension ResallocAllocator {
    /// How many tickets are looked at together.
    private static let width = 4

    /// Asks the server about each ticket that a job has a machine for, for half a minute at most. What it does not say is unknown.
    package func list(_ request: AllocatorWire.List) async throws(AllocatorEnd) -> AllocatorWire.Listed {
        let state: ResallocState
        do throws(AllocatorFailure) { state = try folder.read() } catch { throw AllocatorEnd(error) }
        let records = state.records.filter { $0.value.pool == request.pool }
        let states = await states(
            of: records.values.compactMap { $0.machine == nil ? nil : $0.ticket }, until: .now + .seconds(30))
        let entries = records.sorted { $0.key < $1.key }.map { id, record in
            AllocatorWire.Listed.Entry(
                allocation: id, state: record.ticket.flatMap { states[$0] } ?? .unknown,
                until: record.machine?.until)
        }
        return AllocatorWire.Listed(allocations: entries)
    }

    private func states(
        of tickets: [Int], until deadline: ContinuousClock.Instant
    ) async -> [Int: AllocatorWire.Listed.Entry.State] {
        await withTaskGroup(of: (Int, TicketState?).self) { group in
            var rest = tickets[...]
            var states: [Int: AllocatorWire.Listed.Entry.State] = [:]
            func begin() {
                guard let ticket = rest.popFirst() else { return }
                group.addTask { (ticket, try? await client.check(ticket)) }
            }
            for _ in 0..<Self.width { begin() }
            while let (ticket, state) = await group.next() {
                switch state {
                case .ready: states[ticket] = .alive
                case .closed, .failed, .missing: states[ticket] = .gone
                // Whoever does not answer about one is not asked about the others.
                case nil: rest = []
                case .open: break
                }
                if ContinuousClock.now < deadline { begin() }
            }
            return states
        }
    }
}
