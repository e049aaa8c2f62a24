/// The first bytes of a program's output, which can be the marker that its terminal is ready.
struct Opening {
    private let marker: [UInt8]
    /// What has arrived, and is the beginning of the marker.
    private(set) var rest: [UInt8] = []

    init(marker: [UInt8]) {
        self.marker = marker
    }

    /// - Returns: nil while the marker is not complete; otherwise what the output begins with, without the marker if it
    ///   was one.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        rest += bytes
        if rest.starts(with: marker) {
            defer { rest = [] }
            return Array(rest.dropFirst(marker.count))
        }
        guard !marker.starts(with: rest) else { return nil }
        defer { rest = [] }
        return rest
    }
}
