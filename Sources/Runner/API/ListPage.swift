import FoundationEssentials
import NIOCore

/// An answer with a list: it takes elements while more are wanted, and while they fit into 1 MB of JSON.
struct ListPage: Sendable {
    /// The bytes of the largest answer that the contract allows.
    static let largestAnswer = 1 << 20
    /// The bytes for elements; the rest is for what is around them.
    private static let room = largestAnswer - 256

    private let name: String
    private let most: Int?
    private var elements = ByteBuffer()
    private(set) var count = 0
    /// The position of the last element; nil: there is none.
    private(set) var last: String?
    /// The positions of elements that are too large for any answer, and have been left out.
    private(set) var oversized: [String] = []

    /// - Parameters:
    ///   - name: the member with the elements.
    ///   - most: how many are wanted; nil: as many as fit.
    init(_ name: String, most: Int?) {
        self.name = name
        self.most = most
    }

    /// How many more elements are wanted; nil: as many as fit.
    var wanted: Int? { most.map { $0 - count } }

    /// Adds the next element.
    ///
    /// - Returns: false: the page is full, and the next one begins with it.
    mutating func append(_ value: some Encodable, at position: String) throws(RunnerError) -> Bool {
        guard wanted != 0 else { return false }
        let json = try Responder.encode(value)
        guard json.count <= Self.room else {
            oversized.append(position)
            return true
        }
        guard elements.readableBytes + json.count + 1 <= Self.room || count == 0 else { return false }
        if count > 0 { elements.writeStaticString(",") }
        elements.writeBytes(json)
        count += 1
        last = position
        return true
    }

    /// - Parameter next: the position with which the next page is asked for; nil: there is none.
    func body(next: String?) -> ByteBuffer {
        // There is nothing to escape in a position.
        let end = next.map { ",\"next\":\"\($0)\"" } ?? ""
        var body = ByteBuffer(string: "{\"\(name)\":[")
        body.writeImmutableBuffer(elements)
        body.writeString("]\(end)}")
        return body
    }
}
