extension Duration {
    /// A duration as people write it: `90s`, `30m`, `2h`, `1d`, or several of them, `1h30m`.
    ///
    /// Nil for everything else: no unit, an empty text, a sign, or more than a year.
    public init?(written text: some StringProtocol) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        var total: Int64 = 0
        var digits = ""
        guard !text.isEmpty else { return nil }
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let unit = units[character], digits.count <= 8, let number = Int64(digits) else {
                    return nil
                }
                total += number * unit
                digits = ""
            }
        }
        guard digits.isEmpty, total <= 366 * 86400 else { return nil }
        self = .seconds(total)
    }
}
