import BuildAPI
import CommandGrammar
import FoundationEssentials

/// What `keys add` restricts a new key to: attaching machines, for a time, from some addresses.
struct KeyLimits: Equatable, Sendable {
    /// For how many seconds the key is good; nil: for ever.
    let seconds: Int?
    /// The addresses and ranges that it is good from; empty: all.
    let from: [String]

    private static let mostAddresses = 20

    /// Nil: the key is to be good for everything.
    init?(_ arguments: Arguments) throws(UsageError) {
        guard arguments.has("--attach-only") else {
            for option in ["--expires", "--from"] where arguments.has(option) {
                throw UsageError(.needs("--attach-only"), word: option)
            }
            return nil
        }
        from = arguments.values(of: "--from")
        if let wrong = from.first(where: { AddressRange($0) == nil })
            ?? from.dropFirst(Self.mostAddresses).first
        {
            throw UsageError(.malformedAddress, word: wrong)
        }
        guard let word = arguments.value(of: "--expires") else {
            seconds = nil
            return
        }
        guard let duration = Duration(written: word), duration > .zero else {
            throw UsageError(.malformedDuration, word: word)
        }
        seconds = Int(duration.components.seconds)
    }

    /// The request that adds the key.
    func key(of owner: String, _ line: String, at now: Date) -> NewKey {
        NewKey(
            owner: owner, key: line, limits: [.attach],
            expires: seconds.map { now.addingTimeInterval(Double($0)) }, from: from.isEmpty ? nil : from)
    }
}

extension Key {
    /// Whether its holder has to confirm it first.
    var isPending: Bool { limits?.contains(.confirm) == true }
    /// Whether all that it is good for, once it is confirmed, is attaching machines.
    var isForAttaching: Bool { limits?.contains(.attach) == true }
    /// Whether all that it is good for is bringing machines that somebody adopts.
    var isForPairing: Bool { limits?.contains(.pair) == true }
}
