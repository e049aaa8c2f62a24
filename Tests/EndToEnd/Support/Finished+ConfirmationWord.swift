import TestBed

extension Finished {
    /// The word that `keys add` has printed.
    var confirmationWord: String? { text.firstMatch(of: #/ keys confirm (\S+)/#).map { String($0.1) } }
}
