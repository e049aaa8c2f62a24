extension String {
    /// Replaces a scalar in the text, for readers that see bytes: for a shell a quote ends a string, even if a
    /// combining mark follows and makes one Character of the two.
    package func escaping(_ special: Unicode.Scalar, as escape: String) -> String {
        unicodeScalars.map { $0 == special ? escape : String($0) }.joined()
    }

    /// The text as a single word for a POSIX shell, whatever is in it.
    package var shellWord: String { "'" + escaping("'", as: #"'\''"#) + "'" }
}
