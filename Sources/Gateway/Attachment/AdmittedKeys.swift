import AuthorizedKeys

/// The people's keys that a machine's SSH server accepts, each for as long as someone is there with it.
///
/// The script is told each of them, and answers that the N-th one of its connection is in its file.
struct AdmittedKeys {
    private struct Entry {
        /// Which `key` of this connection it was.
        let number: Int
        var isThere = false
        var visitors: Set<VisitorID>
    }

    /// By their base64.
    private var entries: [String: Entry] = [:]
    /// How many keys the script has been told. The first is the gateway's own.
    private var count = 1

    /// Someone comes with a key.
    ///
    /// - Returns: whether it is there already, and what to tell the script.
    mutating func admit(_ key: PublicKey, for visitor: VisitorID) -> (isThere: Bool, order: AttachmentOrder?)
    {
        if var entry = entries[key.base64] {
            entry.visitors.insert(visitor)
            entries[key.base64] = entry
            return (entry.isThere, nil)
        }
        count += 1
        entries[key.base64] = Entry(number: count, visitors: [visitor])
        return (false, .key(AttachmentOrder.line(of: key)))
    }

    /// The N-th key is in the file.
    ///
    /// - Returns: who has waited for that, the first ones first.
    mutating func confirm(_ number: Int) -> [VisitorID] {
        guard let (base64, entry) = entries.first(where: { $0.value.number == number }), !entry.isThere else {
            return []
        }
        entries[base64]?.isThere = true
        return entry.visitors.sorted()
    }

    /// Someone has gone.
    mutating func leave(_ visitor: VisitorID) -> AttachmentOrder? {
        guard let (base64, entry) = entries.first(where: { $0.value.visitors.contains(visitor) }) else {
            return nil
        }
        guard entry.visitors.count == 1 else {
            entries[base64]?.visitors.remove(visitor)
            return nil
        }
        entries[base64] = nil
        return .unkey(base64: base64)
    }
}

/// One connection of a person's process.
typealias VisitorID = Int
