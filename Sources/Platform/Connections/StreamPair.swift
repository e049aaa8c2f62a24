import CLinux
import Glibc

/// A stream of bytes both ways as two descriptors, of pipes for instance: one to read from, one to write to. The last
/// reference closes both.
public final class StreamPair {
    public enum Answer {
        case pair(StreamPair)
        /// Nothing has come yet.
        case again
        /// The other side has none; its errno says why.
        case refused(errno: CInt)
        /// The other side has closed, or has sent something else.
        case ended
    }

    public private(set) var input: CInt
    public private(set) var output: CInt

    public init(takingOwnershipOf input: CInt, _ output: CInt) {
        (self.input, self.output) = (input, output)
    }

    deinit {
        if input >= 0 { close(input) }
        endOutput()
    }

    /// Lets the reader at the other end see the end of file.
    public func endOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// Sends two borrowed descriptors through a Unix socket (SCM_RIGHTS, unix(7)); false: nobody is there.
    public static func send(_ input: CInt, _ output: CInt, through socket: CInt) -> Bool {
        sp_send_pair(socket, 0, input, output) == 0
    }

    /// Says that there is none.
    ///
    /// - Parameter code: an errno, not 0.
    public static func refuse(errno code: CInt, through socket: CInt) {
        _ = sp_send_descriptor(socket, UInt8(truncatingIfNeeded: code), -1)
    }

    /// What has come through a Unix socket that does not block.
    public static func receive(through socket: CInt) -> Answer {
        var word: UInt8 = 0
        var (input, output): (CInt, CInt) = (-1, -1)
        let count = sp_receive_pair(socket, &word, &input, &output)
        if input >= 0 {
            let pair = StreamPair(takingOwnershipOf: input, output)
            return count == 1 && word == 0 ? .pair(pair) : .ended
        }
        if count < 0 { return errno == EAGAIN ? .again : .ended }
        return count == 1 && word != 0 ? .refused(errno: CInt(word)) : .ended
    }
}
