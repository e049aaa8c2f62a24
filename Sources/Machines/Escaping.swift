extension String {
    /// The text with another in place of a scalar, for readers that see bytes: to a shell a quote ends a string, even if a
    /// combining mark makes one Character of the two.
    func escaping(_ special: Unicode.Scalar, as escape: String) -> String {
        unicodeScalars.map { $0 == special ? escape : String($0) }.joined()
    }
}
