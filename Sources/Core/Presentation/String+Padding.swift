extension String {
    /// With blanks after it, up to so many characters; longer text stays as it is.
    public func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
