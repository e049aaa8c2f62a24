import AuthorizedKeys
import KeyForms

/// What people send as their public keys. What is taken is stored as one line, and is the same key there; what is
/// refused gets one short sentence; a private key is recognised wherever it is.
func check(_ input: [UInt8]) {
    do throws(KeyFormError) {
        let keys = try SubmittedKeys(input).keys
        promise("there is a key", (1...100).contains(keys.count))
        promise("no key is there twice", Set(keys.map(\.key)).count == keys.count)
        for key in keys { checkKey(key) }
    } catch {
        let sentence = error.description
        promise("a refusal is short", sentence.utf8.count <= 200)
        promise(
            "a refusal is one line", !sentence.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{7f}" })
    }
    let mark = Array("-----BEGIN OPENSSH PRIVATE KEY-----".utf8)
    for text in [mark + input, input + mark, input + [0x0a] + mark + [0x0a] + input] {
        do throws(KeyFormError) {
            _ = try SubmittedKeys(text)
            promise("a private key is refused", false)
        } catch {
            promise("a private key is called one", error.isPrivate)
        }
    }
}

private func checkKey(_ key: SubmittedKeys.Key) {
    promise("a key is stored as one line", !key.line.contains(where: \.isNewline))
    promise("a key comes before its comment", key.line.hasPrefix(key.key.line))
    promise("no certificate is taken", !Certificate.isCertificate(key.key))
    promise("a key has at most 4 KB", key.key.base64.utf8.count <= 4 * 4096 / 3 + 4)
    promise("a comment has at most 256 bytes", key.comment.utf8.count <= 256)
    promise("a line has at most 6 KB", key.line.utf8.count <= 6 << 10)
    promise("a key is read again from its line", (try? SubmittedKeys.one(in: key.line.utf8))?.key == key.key)
}
