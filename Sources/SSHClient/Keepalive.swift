import EventLoop

/// Asks a builder for signs of life, and looks whether it is still the same one: TCP's own keepalives see nothing through a port forwarding.
final class Keepalive {
    static let interval = Duration.seconds(5)
    /// After this many questions without a byte from the builder, it counts as gone.
    static let questionsWithoutAnswer = 3

    private let session: SSHSession
    private let loop: EventLoop
    private let asked: () -> Void
    private let silent: (Duration) -> Void
    /// Whether nothing is read from the builder at present, so that there is nothing to ask.
    var isPaused = false
    /// Whether the builder has shown another host key since the last time.
    private(set) var hasFoundNewHostKey = false
    private var timer: Timer?
    private var unanswered = 0
    private var bytesSeen: UInt64 = 0

    /// - Parameters:
    ///   - asked: called after each question, because the session can have processed packets.
    ///   - silent: called with how long the builder has been silent; there are no questions after that.
    init(
        in session: SSHSession, on loop: EventLoop, asked: @escaping () -> Void,
        silent: @escaping (Duration) -> Void
    ) {
        self.session = session
        self.loop = loop
        self.asked = asked
        self.silent = silent
        wait()
    }

    deinit {
        stop()
    }

    func stop() {
        timer?.cancel()
    }

    private func wait() {
        timer = loop.timer(after: Self.interval) { [unowned self] in ask() }
    }

    private func ask() {
        guard !isPaused else {
            unanswered = 0
            return wait()
        }
        let received = session.traffic.bytesReceived
        unanswered = received == bytesSeen ? unanswered + 1 : 0
        bytesSeen = received
        guard unanswered < Self.questionsWithoutAnswer else {
            return silent(Self.interval * Self.questionsWithoutAnswer)
        }
        hasFoundNewHostKey = session.hasNewHostKey
        session.sendKeepalive()
        wait()
        asked()
    }
}
