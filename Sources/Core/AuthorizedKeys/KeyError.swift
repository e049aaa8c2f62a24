/// Why something is not a key, a certificate or an offer of one.
public struct KeyError: Error, Equatable, Sendable, CustomStringConvertible {
    public struct Code: Equatable, Sendable {
        let reason: String

        /// The line does not have the form `<type> <base64>`.
        public static let malformedLine = Code(reason: "the line is not a type and a key in base64")
        /// A type's name has 1 to 64 characters of `[A-Za-z0-9._@-]`.
        public static let malformedType = Code(reason: "the key type is not a name")
        /// Not base64, not canonical, empty or too long.
        public static let malformedBase64 = Code(reason: "the key is not base64")
        /// The blob ends too early or too late.
        public static let malformedBlob = Code(reason: "the key's blob is damaged")
        /// A number of an RSA or DSA key is not positive, or is longer than it has to be.
        public static let malformedNumber = Code(reason: "a number of the key is not in its shortest form")
        /// The blob says that it has another type.
        public static let typeMismatch = Code(reason: "the key's blob has another type than the one offered")
        /// The number of fields of the key inside is unknown, so nothing after it can be found.
        public static let unknownCertificateType = Code(reason: "certificates of this type are unknown")
        /// A host certificate, or one of a kind that does not exist yet.
        public static let notAUserCertificate = Code(reason: "the certificate is not a user certificate")
        /// A certificate cannot sign certificates.
        public static let nestedCertificate = Code(reason: "the certificate is signed by a certificate")
    }

    public let code: Code

    init(_ code: Code) {
        self.code = code
    }

    public var description: String { code.reason }
}
