/// Why a text is no public key that a person can log in with: one sentence for the person.
public struct KeyFormError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text is, or has in it, a private key: it must be neither repeated, nor stored, nor logged.
    public let isPrivate: Bool
    /// The sentence names the form, and what to do. It repeats nothing of the text but numbers of lines.
    public let description: String

    private init(_ description: String, isPrivate: Bool = false) {
        self.description = description
        self.isPrivate = isPrivate
    }

    static let privateKey = KeyFormError(
        "This is a private key. Keep it to yourself, and add the public key, the file that ends in .pub.",
        isPrivate: true)
    static let none = KeyFormError(
        "There is no key. Expected the contents of a .pub file: ssh-ed25519 AAAA… comment")
    static let binary = KeyFormError("This is a binary file. Expected the contents of a .pub file.")
    static let pem = KeyFormError(
        "This is a public key in PEM form. Convert it: ssh-keygen -i -m PKCS8 -f FILE")
    static let pemRSA = KeyFormError(
        "This is a public key in PEM form. Convert it: ssh-keygen -i -m PEM -f FILE")
    static let x509 = KeyFormError(
        "This is an X.509 certificate. Add an SSH key, the file that ends in .pub.")
    static let pgp = KeyFormError("This is a PGP key. For its authentication key: gpg --export-ssh-key KEY")
    static let age = KeyFormError(
        "This is a key for encrypting files (age). Add an SSH key, the file that ends in .pub.")
    static let page = KeyFormError("This is a web page. Expected the contents of a .pub file.")
    static let fingerprint = KeyFormError(
        "This is a fingerprint. Add the key itself, the file that ends in .pub.")
    static let fileName = KeyFormError("This is the name of a file. Send its contents: keys add <FILE")
    static let brokenBlock = KeyFormError("The key between BEGIN and END is damaged. Copy it again.")

    static func options(line: Int) -> KeyFormError {
        KeyFormError("Line \(line) has options before the key, which have no effect here. Leave them out.")
    }

    static func knownHosts(line: Int) -> KeyFormError {
        KeyFormError(
            "Line \(line) is a line of known_hosts: a host's key. Add your own, the file that ends in .pub.")
    }

    static func certificate(line: Int) -> KeyFormError {
        KeyFormError(
            "Line \(line) is a certificate. Add the plain key, the file that ends in .pub without -cert.")
    }

    static func damaged(line: Int, _ reason: String) -> KeyFormError {
        KeyFormError("Line \(line) is not a whole key (\(reason)). Copy it again, as one line.")
    }

    static func unusable(line: Int, _ reason: String) -> KeyFormError {
        KeyFormError(
            "No login is possible with the key in line \(line): \(reason). Make one: ssh-keygen -t ed25519")
    }

    static func unknown(line: Int) -> KeyFormError {
        KeyFormError("Line \(line) is not a public key such as ssh-ed25519 AAAA… comment")
    }

    static func tooMany(_ limit: Int) -> KeyFormError {
        KeyFormError("These are more than \(limit) keys. Add them in parts.")
    }
}
