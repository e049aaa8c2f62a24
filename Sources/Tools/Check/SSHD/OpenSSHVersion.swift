/// The version of OpenSSH, as its programs print it: `OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17`.
struct OpenSSHVersion: Comparable, Sendable {
    var major: Int
    var minor: Int

    init(_ major: Int, _ minor: Int) { (self.major, self.minor) = (major, minor) }

    init?(in text: String) {
        guard let start = text.firstRange(of: "OpenSSH_") else { return nil }
        let parts = text[start.upperBound...].prefix { $0.isNumber || $0 == "." }.split(separator: ".")
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
        self.init(major, minor)
    }

    static func < (one: OpenSSHVersion, other: OpenSSHVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }
}
