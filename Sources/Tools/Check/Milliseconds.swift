/// A short time, for sentences: `12 ms`.
///
/// - Parameter seconds: a part of a millisecond counts as a whole one.
func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded(.up))) ms" }
