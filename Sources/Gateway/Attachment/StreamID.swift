import AuthorizedKeys
import BuildAPI
import Glibc

/// Names one session's stream on an attached machine: 128 random bits, good once, for ten seconds, and only for the key
/// that has attached the machine.
struct StreamID: Hashable, CustomStringConvertible {
    /// 32 hexadecimal digits, in lower case.
    let description: String

    private static let bytes = 16

    /// Nil if the text is not such an id.
    init?(_ text: String) {
        guard text.utf8.count == 2 * Self.bytes,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        description = text
    }

    /// A new one, from getrandom(2), which getentropy(3) calls; nil: the kernel gives none.
    static func random() -> StreamID? {
        var bytes = [UInt8](repeating: 0, count: Self.bytes)
        guard getentropy(&bytes, bytes.count) == 0 else { return nil }
        return StreamID(bytes.hexadecimal)
    }

    /// The name of the socket on which the stream with this id is expected, if that key brings it. Another key's
    /// `attach-stream` looks for another name, and finds nothing.
    func socketName(for key: PublicKey) -> String {
        AttachmentFolder.name("stream \(self)", for: key)
    }
}
