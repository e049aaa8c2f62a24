public import BuildAPI

/// The first host key that each job's builder has shown, for a service that names none.
public protocol HostKeyPins {
    /// The pinned key: `<type> <base64>`.
    func pin(of job: JobID) -> String?

    /// Compares a key that a builder shows with the pin. Without a pin, the key becomes the pin.
    ///
    /// - Parameter key: `<type> <base64>`.
    func compare(_ key: String, of job: JobID) -> HostKeyVerdict
}

/// How a builder's host key compares with the pin.
public enum HostKeyVerdict: Equatable, Sendable {
    /// There was no pin; this key is the pin from now on.
    case first
    case same
    /// A different key is pinned: this may be another job's builder.
    case other
    /// The pin cannot be stored; the text is for the log.
    case failed(String)
}
