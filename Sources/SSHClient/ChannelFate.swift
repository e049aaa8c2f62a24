/// What becomes of a channel: how it and its program ended, as far as the builder has said.
final class ChannelFate {
    /// Of the channel's session.
    let traffic: SSHTraffic
    private(set) var isClosed = false
    /// `.unknown` until the builder has said it, and when it has said two different things.
    private(set) var ending = RemoteEnding.unknown
    private var isContradictory = false

    init(in traffic: SSHTraffic) {
        self.traffic = traffic
    }

    /// Records an exit-status or exit-signal (RFC 4254 section 6.10); there is at most one.
    func program(_ ending: RemoteEnding) {
        isContradictory = isContradictory || (self.ending != .unknown && self.ending != ending)
        self.ending = isContradictory ? .unknown : ending
    }

    func channelClosed() {
        isClosed = true
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> ChannelFate? {
        context.map { Unmanaged<ChannelFate>.fromOpaque($0).takeUnretainedValue() }
    }
}
