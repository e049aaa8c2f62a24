/// Consecutive elements of a list, as many as one look into the database takes.
struct Batch<Value: Sendable, Position: Sendable>: Sendable {
    /// The most elements of one batch. Their bytes are limited too, to about those of one answer.
    static var most: Int { 1000 }

    private(set) var elements: [(position: Position, value: Value)] = []
    /// After which element the rest of the list begins; nil: there is no rest.
    private(set) var rest: Position?
    private var bytes = 0
    private let most: Int

    /// - Parameter most: how many elements are wanted; nil: as many as there can be.
    init(most: Int?) {
        self.most = min(most ?? Self.most, Self.most)
    }

    /// Adds the next element of the list, if there is room.
    ///
    /// - Parameter bytes: about as many as its JSON will have.
    /// - Returns: false: it belongs to the rest.
    mutating func append(
        bytes: Int, _ make: () throws -> (position: Position, value: Value)
    ) rethrows -> Bool {
        guard elements.count < most, self.bytes < ListPage.largestAnswer else {
            rest = elements.last?.position
            return false
        }
        elements.append(try make())
        self.bytes += bytes
        return true
    }

    /// The same places in the list with other values.
    func replacing<Other>(
        _ elements: [(position: Position, value: Other)]
    ) -> Batch<Other, Position> {
        var batch = Batch<Other, Position>(most: most)
        (batch.elements, batch.rest) = (elements, rest)
        return batch
    }
}
