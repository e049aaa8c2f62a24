import AllocatorPrograms
import AllocatorProtocol

/// Why a ticket does not lead to a machine.
enum TicketFault: Error {
    /// This one never will.
    case unusable(String)
    case other(AllocatorFailure)
}

/// From the question for a ticket to what resalloc gives for it.
extension ResallocAllocator {
    /// The number of the ticket that is recorded for it, or of a new one.
    func ticket(
        for request: AllocatorWire.Allocate, with tags: [String]
    ) async throws(AllocatorFailure) -> Int {
        let id = request.allocation
        if let record = try folder.read().records[id], record.sandbox != nil {
            if let ticket = record.ticket { return ticket }
            // An earlier attempt was ended before it had the number.
            switch try await asked(id) {
            case .answered(let ticket): return try store(ticket, of: id)
            // Its answer must not be written over.
            case .running: throw .unfinished("resalloc is still asked for a ticket")
            case .failed, .unasked: break
            }
        }
        let question = TicketRequest(folder: folder, allocation: id)
        try question.prepare()
        // It gets nobody else's machine, and nobody else can ask for this one.
        let sandbox = "sallyport-\(id)-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        try folder.update { state throws(AllocatorFailure) in
            var record = state.records[id] ?? ResallocState.Record(pool: request.pool, job: request.job)
            record.sandbox = sandbox
            state.records[id] = record
        }
        try await question.begin(client.asking(for: tags, sandbox: sandbox))
        switch try await asked(id) {
        case .answered(let ticket):
            said("ticket \(ticket): waiting for a machine with \(tags.joined(separator: ", "))")
            return try store(ticket, of: id)
        case .failed(let complaint):
            try folder.update { state throws(AllocatorFailure) in state.records[id]?.sandbox = nil }
            guard !complaint.hasNoServer else { throw .noServer(complaint) }
            throw AllocatorFailure("resalloc ticket: \(complaint.line)")
        case .running: throw .unfinished("resalloc is still asked for a ticket")
        case .unasked: throw .unfinished("resalloc could not be asked for a ticket: is the disk full?")
        }
    }

    private func store(_ ticket: Int, of allocation: String) throws(AllocatorFailure) -> Int {
        try folder.update { state throws(AllocatorFailure) in
            state.records[allocation]?.ticket = ticket
        }
        return ticket
    }

    /// How the question for a ticket has ended, or that it has not at the deadline.
    func asked(
        _ allocation: String, until deadline: ContinuousClock.Instant? = nil
    ) async throws(AllocatorFailure) -> TicketRequest.Progress {
        let question = TicketRequest(folder: folder, allocation: allocation)
        while true {
            let progress = try question.progress()
            if case .failed(let complaint) = progress, !complaint.isHarmless,
                let sandbox = try folder.read().records[allocation]?.sandbox
            {
                said(
                    "the number of a ticket was lost, and nobody closes it: its sandbox is \(sandbox) "
                        + "(\(complaint.line))")
            }
            guard progress == .running, deadline.map({ ContinuousClock.now < $0 }) ?? true,
                (try? await Task.sleep(for: glance)) != nil
            else { return progress }
        }
    }

    /// What resalloc says about the ticket's machine, as soon as there is one. How long that can take, the runner knows.
    func data(of ticket: Int, waitingFor tags: [String]) async throws(TicketFault) -> ResourceData {
        let start = ContinuousClock.now
        var isAway = false
        var hasDoubt = false
        var rests = rests[...]
        while true {
            switch try await state(of: ticket, &isAway) {
            case .ready(let bytes):
                do throws(ResourceData.Fault) {
                    return try ResourceData(bytes)
                } catch {
                    throw .unusable("resalloc has given \(error.reason) for ticket \(ticket)")
                }
            case .closed: throw .unusable("somebody has closed ticket \(ticket)")
            case .failed: throw .unusable("the machine of ticket \(ticket) has failed")
            case .missing: throw .unusable("the resalloc server does not know ticket \(ticket)")
            case .open where !hasDoubt && start.duration(to: .now) > doubt:
                hasDoubt = true
                said(
                    "ticket \(ticket): still waiting; resalloc does not say whether it has machines with all of "
                        + tags.joined(separator: ", "))
            case .open, nil: break
            }
            guard (try? await Task.sleep(for: rests.first ?? .seconds(1))) != nil else {
                throw .other(.unfinished("ticket \(ticket) is still open"))
            }
            if rests.count > 1 { rests.removeFirst() }
        }
    }

    /// Nil: the server does not answer, and may do so later.
    private func state(of ticket: Int, _ isAway: inout Bool) async throws(TicketFault) -> TicketState? {
        do throws(AllocatorFailure) {
            let state = try await client.check(ticket)
            if isAway { said("the resalloc server answers again") }
            isAway = false
            return state
        } catch {
            guard error.isUnfinished else { throw .other(error) }
            if !isAway { said(error.reason) }
            isAway = true
            return nil
        }
    }

    /// Closes a ticket that leads nowhere.
    ///
    /// - Returns: the failure to end with. Another machine can be better.
    func replace(
        _ ticket: Int, of allocation: String, because reason: String
    ) async throws(AllocatorFailure) -> AllocatorFailure {
        try await client.close(ticket)
        access.forget(allocation)
        let failures = try folder.update { state throws(AllocatorFailure) in
            var record = state.records[allocation] ?? ResallocState.Record(pool: "", job: "")
            record = ResallocState.Record(
                pool: record.pool, job: record.job, failures: record.failures + 1)
            state.records[allocation] = record
            return record.failures
        }
        return failures < Self.mostFailures
            ? .unfinished("\(reason): another machine is asked for later") : AllocatorFailure(reason)
    }
}
