import Synchronization

/// Counts what there is at once, such as the connections of each client, within limits.
final class Counts<Key: Hashable & Sendable>: Sendable {
    /// Something that counts as long as this object lives.
    final class Place: Sendable {
        private let counts: Counts
        private let keys: [Key]

        fileprivate init(_ counts: Counts, _ keys: [Key]) {
            self.counts = counts
            self.keys = keys
        }

        deinit { counts.leave(keys) }
    }

    /// There are as many as the limit for this key says.
    struct Full: Error {
        let key: Key
        let limit: Int
    }

    private let counts = Mutex<[Key: Int]>([:])

    /// Counts one more for each of these keys, or for none of them.
    func enter(_ wanted: [(key: Key, limit: Int)]) throws(Full) -> Place {
        let full = counts.withLock { counts -> Full? in
            for (key, limit) in wanted where counts[key, default: 0] >= limit {
                return Full(key: key, limit: limit)
            }
            for (key, _) in wanted { counts[key, default: 0] += 1 }
            return nil
        }
        if let full { throw full }
        return Place(self, wanted.map(\.key))
    }

    /// Of which there is at least one.
    var keys: [Key] { counts.withLock { Array($0.keys) } }

    /// How many there are of each.
    var numbers: [Key: Int] { counts.withLock { $0 } }

    private func leave(_ keys: [Key]) {
        counts.withLock { counts in
            for key in keys {
                let rest = counts[key, default: 1] - 1
                counts[key] = rest == 0 ? nil : rest
            }
        }
    }
}
