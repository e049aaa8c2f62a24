/// Where the last lines of a log begin.
public struct LastLines: Equatable, Sendable {
    /// The offset of the first of them; the log's size, if there are none.
    public var offset: Int
    /// How many they are: as many as wanted, unless the log has fewer.
    public var count: Int

    public init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
    }

    /// Of a log that is empty, or does not exist.
    package static let none = LastLines(offset: 0, count: 0)

    /// How many bytes of the end of a log to look at first. If they are not enough, look at four times as many.
    package static func guess(for count: Int) -> Int { max(64 << 10, count * 128) }
}

/// Finds the last lines of a text that is read in pieces, in one pass. It keeps one number for each line.
package struct LastLinesScan {
    private let limit: Int
    /// The offsets at which the last lines begin: a ring, of which the oldest is at `total % limit` once it is full.
    private var starts: [Int] = []
    /// How many lines there are.
    private var total = 0
    private var size = 0
    private var isInLine = false

    /// - Parameter limit: how many lines are wanted.
    package init(_ limit: Int) {
        self.limit = limit
    }

    package mutating func read(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if !isInLine { begin() }
            isInLine = byte != UInt8(ascii: "\n")
            size += 1
        }
    }

    private mutating func begin() {
        if starts.count < limit { starts.append(size) } else if limit > 0 { starts[total % limit] = size }
        total += 1
    }

    /// The last lines of the log whose bytes from `first` on have been read; nil: they can begin before it.
    package func result(from first: Int) -> LastLines? {
        // The first line that was read can have begun before it.
        guard first == 0 || total > limit else { return nil }
        guard limit > 0, total > 0 else { return LastLines(offset: first + size, count: 0) }
        return LastLines(offset: first + starts[total > limit ? total % limit : 0], count: starts.count)
    }
}
