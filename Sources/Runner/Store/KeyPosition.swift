/// The place of a key in the list of everyone's: `12-k3`, or `12-p3` for a pending one.
struct KeyPosition: LosslessStringConvertible, Sendable {
    var person: Int64
    var isPending: Bool
    var row: Int64

    init(person: Int64, isPending: Bool, row: Int64) {
        self.person = person
        self.isPending = isPending
        self.row = row
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let person = Int64(parts[0]), let row = Int64(parts[1].dropFirst()),
            let kind = parts[1].first, kind == "k" || kind == "p"
        else { return nil }
        self.init(person: person, isPending: kind == "p", row: row)
    }

    var description: String { "\(person)-\(isPending ? "p" : "k")\(row)" }
}
