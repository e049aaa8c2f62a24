/// A stream that is opened before anybody wants one, on a machine that waits for people: whoever comes finds its SSH server
/// started. A state machine without I/O.
struct SpareStream {
    private enum State: Equatable {
        case unwanted
        /// There is none, until the pause is over.
        case paused(afterUse: Bool)
        case expected(StreamID)
        case here(StreamID)
    }

    /// After one has been taken: whoever logs in has the machine's processor first.
    static let pause = Duration.seconds(1)
    /// After one that died, or did not come.
    static let retryInterval = Duration.seconds(30)

    private var state = State.unwanted

    /// From now on there is one.
    mutating func begin(stream: () -> StreamID?) -> [Action] {
        state == .unwanted ? open(stream()) : []
    }

    /// The pause is over.
    mutating func pauseEnded(stream: () -> StreamID?) -> [Action] {
        guard case .paused = state else { return [] }
        return open(stream())
    }

    /// Somebody has left, so the machine has time for the next one. The timer that comes later finds no pause.
    mutating func visitorLeft(stream: () -> StreamID?) -> [Action] {
        state == .paused(afterUse: true) ? open(stream()) : []
    }

    /// The stream for somebody who has come; nil: there is none.
    ///
    /// - Returns: `isHere`: it can be handed over at once, otherwise it is on the way.
    mutating func take() -> (stream: StreamID, isHere: Bool, actions: [Action])? {
        let taken: (stream: StreamID, isHere: Bool)
        switch state {
        case .unwanted, .paused: return nil
        case .expected(let stream): taken = (stream, false)
        case .here(let stream): taken = (stream, true)
        }
        return (taken.stream, taken.isHere, pause(afterUse: true))
    }

    /// - Returns: whether it was this one.
    mutating func arrived(_ stream: StreamID) -> Bool {
        guard state == .expected(stream) else { return false }
        state = .here(stream)
        return true
    }

    /// It has died.
    mutating func ended(_ stream: StreamID) -> [Action] {
        guard state == .expected(stream) || state == .here(stream) else { return [] }
        return end() + pause(afterUse: false)
    }

    /// It has had its time to come.
    mutating func isLate(_ stream: StreamID) -> [Action] {
        state == .expected(stream) ? ended(stream) : []
    }

    /// Nobody comes any more.
    mutating func end() -> [Action] {
        defer { state = .unwanted }
        switch state {
        case .unwanted, .paused: return []
        case .expected(let stream): return [.forget(stream)]
        case .here(let stream): return [.endStream(stream)]
        }
    }

    private mutating func open(_ stream: StreamID?) -> [Action] {
        guard let stream else { return pause(afterUse: false) }
        state = .expected(stream)
        return AttachedVisitors.open(stream, for: AttachedVisitors.time)
    }

    private mutating func pause(afterUse: Bool) -> [Action] {
        state = .paused(afterUse: afterUse)
        return [.wait(.spare, afterUse ? Self.pause : Self.retryInterval)]
    }

    typealias Action = AttachmentMachine.Action
}
