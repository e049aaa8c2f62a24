import Glibc

/// The persons' processes that want a stream to an attached machine, or have one: a state machine without I/O.
struct AttachedVisitors {
    /// Its key, if it brings one, is on the way to the script; then its stream is; then it has it.
    private enum State: Equatable {
        case admitting
        /// The second one has been asked for because the first did not come. Whichever does is the stream.
        case expecting(StreamID, second: StreamID?)
        case inside(StreamID)

        func isExpecting(_ stream: StreamID) -> Bool {
            guard case .expecting(let first, let second) = self else { return false }
            return stream == first || stream == second
        }
    }

    /// sshd's MaxSessions, which counts streams, is 64 in the drop-in: some are left for the machine's own.
    static let most = 48
    /// For the key, and again for the stream.
    static let time = Duration.seconds(10)
    /// After that, a stream may have died before it got here, as while the service was away: another one is asked for.
    static let patience = Duration.seconds(3)

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
            states[visitor] = isHere ? .inside(stream) : .expecting(stream, second: nil)
            return actions + [isHere ? .handOver(stream, visitor) : .wait(.stream(stream), Self.patience)]
        }
        guard let stream = stream() else { return remove(visitor) + [.refuse(visitor, errno: EAGAIN)] }
        states[visitor] = .expecting(stream, second: nil)
        return Self.open(stream, for: Self.patience)
    }

    /// Asks the machine for a stream, and looks after that time whether it has come.
    static func open(_ stream: StreamID, for time: Duration) -> [Action] {
        [.expect(stream), .send(.open(stream)), .wait(.stream(stream), time)]
    }

    /// A stream has come: good once.
    mutating func arrived(_ stream: StreamID) -> [Action] {
        guard case (let visitor, .expecting(let first, let second))? = expecting(stream) else {
            return spare.arrived(stream) ? [] : [.endStream(stream)]
        }
        states[visitor] = .inside(stream)
        let other = stream == first ? second : first
        return (other.map { [.forget($0)] } ?? []) + [.handOver(stream, visitor)]
    }

    private func expecting(_ stream: StreamID) -> (key: VisitorID, value: State)? {
        states.first { $0.value.isExpecting(stream) }
    }

    /// Ten seconds have passed.
    mutating func timePassed(_ visitor: VisitorID) -> [Action] {
        guard states[visitor] == .admitting else { return [] }
        return remove(visitor) + [.refuse(visitor, errno: ETIMEDOUT)]
    }

    /// That stream has had its time to come.
    mutating func timePassed(_ stream: StreamID, another: () -> StreamID?) -> [Action] {
        guard case (let visitor, .expecting(let first, let second))? = expecting(stream) else {
            return spare.isLate(stream)
        }
        if let second {
            return stream == second ? remove(visitor) + [.refuse(visitor, errno: ETIMEDOUT)] : []
        }
        guard let another = another() else { return remove(visitor) + [.refuse(visitor, errno: EAGAIN)] }
        states[visitor] = .expecting(first, second: another)
        return Self.open(another, for: Self.time - Self.patience)
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

    /// The machine is not to be entered any more.
    mutating func endAll() -> [Action] {
        states.keys.sorted().flatMap { remove($0) + [.dismiss($0)] }
    }

    private mutating func remove(_ visitor: VisitorID) -> [Action] {
        var actions: [Action] = []
        switch states.removeValue(forKey: visitor) {
        case .expecting(let first, let second)?:
            actions.append(.forget(first))
            if let second { actions.append(.forget(second)) }
        case .inside(let stream)?: actions.append(.endStream(stream))
        case .admitting?, nil: break
        }
        if let order = keys.leave(visitor) { actions.append(.send(order)) }
        return actions
    }

    typealias Action = AttachmentMachine.Action
}
