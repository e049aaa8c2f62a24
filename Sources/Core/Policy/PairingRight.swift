public import BuildAPI

/// Whether a key can bring a machine that is nobody's until somebody adopts it.
///
/// A key that nobody has can: all that it gets is a code that somebody else has to enter. Which unknown keys reach a gateway at
/// all, its sshd decides.
public enum PairingRight {
    /// Throws if the key cannot.
    ///
    /// - Parameter key: what the service knows about the key with this fingerprint. Whether it has expired, and where it is
    ///   good from, the service checks.
    public static func check(_ key: Key?, fingerprint: String) throws(Denial) {
        guard let key else { return }
        guard key.fingerprint == fingerprint else {
            throw .inconsistent("asked for \(fingerprint), the service answered about \(key.fingerprint)")
        }
        switch Set(key.limits ?? []) {
        case [], [.attach], [.pair]: break
        case let limits where limits.contains(.confirm): throw .unconfirmedKey(fingerprint: fingerprint)
        default: throw .unknownKey(fingerprint: fingerprint)
        }
        guard !key.suspended else { throw .suspended(key.owner) }
    }
}
