/// Bytes that arrive in pieces; the input itself decides where they are split.
///
/// The first byte says how many bytes of lengths follow (0 to 7); the rest is cut into pieces of these lengths, over
/// and over.
struct Pieces {
    let whole: ArraySlice<UInt8>
    let pieces: [ArraySlice<UInt8>]

    init(_ input: [UInt8]) {
        let lengths = input.dropFirst().prefix(Int(input.first ?? 0) & 7)
        whole = input[max(lengths.endIndex, min(1, input.count))...]
        var pieces: [ArraySlice<UInt8>] = []
        var rest = whole
        while !rest.isEmpty {
            // An empty piece now and then, but never without end.
            if lengths.allSatisfy({ $0 == 0 }) {
                pieces.append(rest)
                break
            }
            for length in lengths {
                pieces.append(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            }
        }
        self.pieces = pieces
    }
}
