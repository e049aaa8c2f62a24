public import AuthorizedKeys
import FoundationEssentials

/// The key that somebody logs in with.
public enum OfferedKey: Sendable {
    /// A plain key, or a certificate with one.
    case key(PublicKey)
    /// `SHA256:` and base64: all that is known of it, from a log or from `keys list`.
    case fingerprint(String)

    /// Why a word names no key: one sentence.
    public struct Failure: Error, Equatable, Sendable {
        public let sentence: String
    }

    /// - Parameter word: a fingerprint, or the path of a .pub file or of the private key beside it, which is not read.
    public init(_ word: String) throws(Failure) {
        guard !word.hasPrefix("SHA256:") else {
            guard word.utf8.count == 50,
                word.dropFirst(7).allSatisfy({
                    $0.isASCII && ($0.isLetter || $0.isNumber || "+/".contains($0))
                })
            else {
                throw Failure(
                    sentence:
                        "\(word) is no fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it.")
            }
            self = .fingerprint(word)
            return
        }
        for path in [word + ".pub", word] {
            guard let file = FileManager.default.contents(atPath: path) else { continue }
            for line in String(decoding: file, as: UTF8.self).split(whereSeparator: \.isNewline) {
                guard let key = try? PublicKey.parse(line: String(line)).key else { continue }
                self = .key(key)
                return
            }
            throw Failure(sentence: "\(path) has no public key in it: name a .pub file, or a fingerprint.")
        }
        throw Failure(sentence: "\(word) cannot be read: name a .pub file, or a fingerprint.")
    }
}
