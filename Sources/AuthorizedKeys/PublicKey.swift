// The public interface; the parser follows.
/// A public key as OpenSSH writes it: a type's name and a blob in base64.
public struct PublicKey: Hashable, Sendable {
    /// The key type's name, such as `ssh-ed25519`.
    public let type: String
    /// The blob in base64, with padding.
    public let base64: String

    /// `<type> <base64>`
    public var line: String { "\(type) \(base64)" }
}
