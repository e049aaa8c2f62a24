import CLibSSH
import EventLoop

/// What has passed on a session's connection so far, and whether the builder sends more than it may.
final class SSHTraffic {
    /// What libssh keeps for a builder that does not read: much more than ``Pump`` and the agents' connections send at
    /// once, and so nothing but answers to a flood of requests.
    static let longestQueue: UInt64 = 1 << 20
    /// The most that a packet is longer than its content (RFC 4253 section 6), with any algorithms that ``SSHSession``
    /// offers: its length, the padding's length, the padding to blocks of 16 bytes, and the code of hmac-sha2-512.
    private static let wrapping: UInt64 = 4 + 1 + 19 + 64

    // They must not move: libssh keeps the pointers.
    /// Of packets' contents.
    let contents = UnsafeMutablePointer<ssh_counter_struct>.allocate(capacity: 1)
    /// Of bytes on the socket.
    let wire = UnsafeMutablePointer<ssh_counter_struct>.allocate(capacity: 1)
    /// Those with at least one byte. A program that writes single bytes makes 60,000 small packets a second with OpenSSH's
    /// sshd; their number is bounded by the windows, and so by how fast the person reads.
    private var dataPackets: UInt64 = 0
    private var budget = PacketBudget()
    /// `produced` and the bytes on the wire when the queue was last seen empty.
    private var emptied: (produced: UInt64, written: UInt64) = (0, 0)

    /// - Parameter session: nil: none counts.
    init(of session: ssh_session?) {
        contents.initialize(to: ssh_counter_struct())
        wire.initialize(to: ssh_counter_struct())
        ssh_set_counters(session, wire, contents)
    }

    /// The session must be gone.
    deinit {
        contents.deallocate()
        wire.deallocate()
    }

    /// Bytes from the builder.
    var bytesReceived: UInt64 { contents.pointee.in_bytes }

    /// A packet with so many of a program's bytes has come.
    func countData(_ bytes: UInt32) {
        if bytes > 0 { dataPackets += 1 }
    }

    /// The socket has taken everything.
    func queueIsEmpty() {
        emptied = (produced, wire.pointee.out_bytes)
    }

    /// Why the connection must end; nil: the builder behaves.
    func excess(at now: Instant) -> SSHClientError? {
        guard queued <= Int64(Self.longestQueue) else {
            return SSHClientError(.overrun, "it does not read the answers to its requests")
        }
        let others = contents.pointee.in_packets - min(dataPackets, contents.pointee.in_packets)
        guard budget.pay(packets: others, bytesSent: contents.pointee.out_bytes, at: now) else {
            return SSHClientError(.overrun, "\(others) packets without anything for the program")
        }
        return nil
    }

    /// How many bytes wait for the socket, at most. The excess grows with each packet until the queue is empty: ``Pump``
    /// and the agents' connections give it more only then.
    var queued: Int64 {
        Int64(produced - emptied.produced) - Int64(wire.pointee.out_bytes - emptied.written)
    }

    /// At most so many bytes were given to the queue. If they were fewer than the real ones, a builder that never lets
    /// the queue get empty could make `queued` ever smaller.
    private var produced: UInt64 { contents.pointee.out_bytes + Self.wrapping * contents.pointee.out_packets }
}
