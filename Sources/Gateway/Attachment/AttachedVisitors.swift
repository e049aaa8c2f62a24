import Glibc

/// The persons' processes that want a stream to an attached machine, or have one: a state machine without I/O.
struct AttachedVisitors {
    /// Its key, if it brings one, is on the way to the script; then its stream is; then it has it.
    private enum State: Equatable {
        case admitting
        case expecting(StreamID)
        case inside(StreamID)
    }

    /// sshd's MaxSessions, which counts streams, is 64 in the drop-in: some are left for the machine's own.
    static let most = 48
    /// For the key, and again for the stream.
    static let time = Duration.seconds(10)

    private var states: [VisitorID: State] = [:]
    private var keys = AdmittedKeys()
    private var spare = SpareStream()

    var count: Int { states.count }

    /// Someone comes.
    ///
    /// - Parameter stream: the id that their stream will have.
    mutating func come(_ visitor: VisitorID, _ greeting: VisitorGreeting, stream: () -> StreamID?) -> [Action]
    {
        guard states[visitor] == nil else { return [] }
        guard states.count < Self.most else { return [.refuse(visitor, errno: EUSERS)] }
        switch greeting.kind {
        case .program: return expect(visitor, stream)
        case .proxy(let key):
            guard
                AttachmentOrder.key(AttachmentOrder.line(of: key)).line.utf8.count <= AttachmentLines.longest
            else { return [.refuse(visitor, errno: E2BIG)] }
            let (isThere, order) = keys.admit(key, for: visitor)
            guard !isThere else { return expect(visitor, stream) }
            states[visitor] = .admitting
            return (order.map { [.send($0)] } ?? []) + [.wait(.visitor(visitor), Self.time)]
        }
    }

    /// The script has the N-th key.
    mutating func keyed(_ number: Int, stream: () -> StreamID?) -> [Action] {
        var actions: [Action] = []
        for visitor in keys.confirm(number) where states[visitor] == .admitting {
            actions += expect(visitor, stream)
        }
        return actions
    }

    private mutating func expect(_ visitor: VisitorID, _ stream: () -> StreamID?) -> [Action] {
        if let (stream, isHere, actions) = spare.take() {
            states[visitor] = isHere ? .inside(stream) : .expecting(stream)
            return actions + [isHere ? .handOver(stream, visitor) : .wait(.visitor(visitor), Self.time)]
        }
        guard let stream = stream() else { return remove(visitor) + [.refuse(visitor, errno: EAGAIN)] }
        states[visitor] = .expecting(stream)
        return [.expect(stream), .send(.open(stream)), .wait(.visitor(visitor), Self.time)]
    }

    /// A stream has come: good once.
    mutating func arrived(_ stream: StreamID) -> [Action] {
        guard let visitor = states.first(where: { $0.value == .expecting(stream) })?.key else {
            return spare.arrived(stream) ? [] : [.endStream(stream)]
        }
        states[visitor] = .inside(stream)
        return [.handOver(stream, visitor)]
    }

    /// Ten seconds have passed.
    mutating func timePassed(_ visitor: VisitorID) -> [Action] {
        switch states[visitor] {
        case .admitting?, .expecting?: return remove(visitor) + [.refuse(visitor, errno: ETIMEDOUT)]
        case .inside?, nil: return []
        }
    }

    /// The person's process has closed its connection.
    mutating func left(_ visitor: VisitorID, stream: () -> StreamID?) -> [Action] {
        remove(visitor) + spare.visitorLeft(stream: stream)
    }

    /// The stream's process has gone: the person's learns that by the end of its connection.
    mutating func ended(_ stream: StreamID) -> [Action] {
        guard let visitor = states.first(where: { $0.value == .inside(stream) })?.key else {
            return spare.ended(stream)
        }
        return remove(visitor) + [.dismiss(visitor)]
    }

    /// The machine waits for people: from now on a stream is open before somebody comes.
    mutating func keepSpare(stream: () -> StreamID?) -> [Action] { spare.begin(stream: stream) }

    /// Nobody comes any more.
    mutating func endSpare() -> [Action] { spare.end() }

    /// The pause after the last one is over.
    mutating func sparePauseEnded(stream: () -> StreamID?) -> [Action] { spare.pauseEnded(stream: stream) }

    /// Ten seconds have passed since a stream was opened for nobody yet.
    mutating func spareIsLate(_ stream: StreamID) -> [Action] { spare.isLate(stream) }

    /// The machine is not to be entered any more.
    mutating func endAll() -> [Action] {
        states.keys.sorted().flatMap { remove($0) + [.dismiss($0)] }
    }

    private mutating func remove(_ visitor: VisitorID) -> [Action] {
        var actions: [Action] = []
        switch states.removeValue(forKey: visitor) {
        case .expecting(let stream)?: actions.append(.forget(stream))
        case .inside(let stream)?: actions.append(.endStream(stream))
        case .admitting?, nil: break
        }
        if let order = keys.leave(visitor) { actions.append(.send(order)) }
        return actions
    }

    typealias Action = AttachmentMachine.Action
}
