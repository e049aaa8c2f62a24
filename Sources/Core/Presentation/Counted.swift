extension Int {
    /// A number of things: `1 builder`, `2 builders`.
    ///
    /// - Parameter noun: in the singular; its plural ends in `s`.
    public func counted(_ noun: String) -> String {
        "\(self) \(noun)\(self == 1 ? "" : "s")"
    }
}
