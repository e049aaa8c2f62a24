import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import ServiceClient

/// What meta.sr.ht says about a key: `GET /api/ssh-key/{base64}`.
struct MetaKey: Decodable {
    struct Owner: Decodable {
        var id: Int64
        /// Begins with `~`.
        var name: String

        enum CodingKeys: String, CodingKey {
            case id
            case name = "canonical_name"
        }
    }

    /// As in a `.pub` file.
    var key: String
    var comment: String?
    var owner: Owner

    /// - Parameter key: the key that the request was about.
    func checked(against key: PublicKey) throws(ServiceError) -> Key {
        // The answer's own fingerprint is the old MD5 one, so compare the key itself.
        guard self.key.split(whereSeparator: \.isWhitespace).contains(Substring(key.base64)) else {
            throw ServiceError(.malformedAnswer, detail: "ssh-key: an answer about another key")
        }
        return Key(
            fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: comment ?? "",
            owner: Person(id: "\(owner.id)", name: owner.name), suspended: false)
    }
}
