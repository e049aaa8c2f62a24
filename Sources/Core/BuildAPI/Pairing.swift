public import FoundationEssentials

/// A machine that has dialled a gateway, and is nobody's until somebody enters its code (API v1: *pairing*).
///
/// It is no job, and in no list. The gateway renews it until it has an ``Attachment``, or has passed.
public struct Pairing: Codable, Equatable, Sendable {
    /// 32 hexadecimal digits, chosen by the service; its attachment has the same id. Whoever knows it can end it.
    public var id: String
    /// What somebody enters to have the machine: good once. Only in the answer to the request that has made it.
    public var code: String?
    /// When the code is no longer good.
    public var expires: Date
    /// It has passed after this many seconds without a renewal.
    public var lease: UInt32
    /// Once somebody has the machine: with its secret, which is another one in each answer.
    public var attachment: Attachment?

    public init(
        id: String, code: String? = nil, expires: Date, lease: UInt32, attachment: Attachment? = nil
    ) {
        self.id = id
        self.code = code
        self.expires = expires
        self.lease = lease
        self.attachment = attachment
    }
}

/// The body of `POST /v1/pairings/adoption`: 201 and a ``Job``, which is the key's owner's.
public struct Adoption: Codable, Equatable, Sendable {
    /// As the person entered it.
    public var code: String
    /// `<type> <base64>` of the key with which the person has logged in.
    public var key: String

    public init(code: String, key: String) {
        self.code = code
        self.key = key
    }
}
