import BuildAPI
import FoundationEssentials

/// How a key is limited that is good for attaching machines only, or for bringing some that are nobody's.
struct AttachLimit: Equatable, Sendable {
    /// Whether its machines are nobody's until somebody adopts them.
    var pairs = false
    /// When it ends; nil: it does not.
    var expires: Date?
    /// Where it is good from; empty: anywhere.
    var from: [AddressRange] = []

    /// More are a mistake.
    static let mostRanges = 50

    /// As the database keeps the ranges: with spaces between them, since none contains one; nil: anywhere.
    var addresses: String? {
        from.isEmpty ? nil : from.map(\.description).joined(separator: " ")
    }

    static func ranges(_ addresses: String?) -> [String]? {
        addresses?.split(separator: " ").map(String.init)
    }

    init(pairs: Bool = false, expires: Date? = nil, from: [AddressRange] = []) {
        self.pairs = pairs
        self.expires = expires
        self.from = from
    }

    /// As the database keeps it.
    ///
    /// - Parameter expires: seconds since 1970.
    init(expires: Double?, addresses: String?) {
        self.expires = expires.map { Date(timeIntervalSince1970: $0) }
        from = (Self.ranges(addresses) ?? []).compactMap { AddressRange($0) }
    }

    /// Nil: the new key is not limited.
    init?(_ new: NewKey, at now: Date) throws(RunnerError) {
        let limits = new.limits ?? []
        guard !limits.isEmpty else {
            guard new.expires == nil, new.from?.isEmpty != false else {
                throw RunnerError(
                    .unprocessable(line: nil, key: "limits"),
                    "Only a key that is limited to attaching can expire, or be good from some addresses only."
                )
            }
            return nil
        }
        guard limits == [.attach] || limits == [.pair] else {
            throw RunnerError(
                .unprocessable(line: nil, key: "limits"),
                "A key can be limited to \"attach\" or to \"pair\", and to nothing else.")
        }
        pairs = limits == [.pair]
        if let expires = new.expires, expires <= now {
            throw RunnerError(.unprocessable(line: nil, key: "expires"), "This time has passed.")
        }
        let ranges = new.from ?? []
        guard ranges.count <= Self.mostRanges else {
            throw RunnerError(
                .unprocessable(line: nil, key: "from"), "A key can have at most \(Self.mostRanges) addresses."
            )
        }
        expires = new.expires
        for text in ranges {
            guard let range = AddressRange(text) else {
                throw RunnerError(
                    .unprocessable(line: nil, key: "from"),
                    "An address must be like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48, without bits after the prefix."
                )
            }
            from.append(range)
        }
    }
}
