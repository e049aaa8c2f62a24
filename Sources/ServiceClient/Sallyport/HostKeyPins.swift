public import BuildAPI

/// The first host key that each job's builder has shown, for a service that knows none.
public protocol HostKeyPins {
    /// What was pinned: `<type> <base64>`.
    func pin(of job: JobID) -> String?

    /// Compares a key that a builder shows with the pin; without one it becomes the pin.
    ///
    /// - Parameter key: `<type> <base64>`.
    func compare(_ key: String, of job: JobID) -> HostKeyVerdict
}

/// What a builder's host key is, beside the one that was pinned.
public enum HostKeyVerdict: Equatable, Sendable {
    /// There was no pin; this key is it from now on.
    case first
    case same
    /// Another key has been pinned: this may be another job's builder.
    case other
    /// The pin cannot be kept; the text is for the log.
    case failed(String)
}
