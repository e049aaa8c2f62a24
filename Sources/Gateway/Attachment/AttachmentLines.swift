/// Cuts what a machine's script sends into lines. No I/O.
struct AttachmentLines {
    /// The most bytes of one line, without its end.
    static let longest = 4096

    private var line: [UInt8] = []
    private var isBroken = false

    /// The lines that are complete now; after one that is too long there are no more.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, which no word of the protocol contains.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Result<String, AttachmentFault>] {
        var complete: [Result<String, AttachmentFault>] = []
        for byte in bytes where !isBroken {
            if byte == UInt8(ascii: "\n") {
                complete.append(.success(String(decoding: line, as: UTF8.self)))
                line = []
            } else if line.count < Self.longest {
                line.append(byte)
            } else {
                isBroken = true
                line = []
                complete.append(.failure(.endlessLine))
            }
        }
        return complete
    }
}
