/// The blobs of keys and certificates, as bytes and as text. What has been read can be written again and is the same;
/// what a certificate gives comes from its own blob.
func check(_ input: [UInt8]) {
    checkBase64(input)
    checkWire(input)
    checkLine(String(decoding: input, as: UTF8.self))
    guard let key = try? PublicKey(blob: input) else { return }
    promise("a key keeps its blob", key.blob == input)
    checkKey(key)
    guard let certificate = try? Certificate(key) else { return }
    checkKey(certificate.plainKey)
    checkKey(certificate.authority)
    for key in [certificate.plainKey, certificate.authority] {
        promise("no certificate comes out of a certificate", !Certificate.isCertificate(key))
        promise("what comes out is smaller than what went in", key.blob.count < input.count)
    }
    let authority = wireString(certificate.authority.blob)
    promise("the authority is in the certificate", contains(input, authority))
    // Its own name is not in there, all else is.
    let fields = certificate.plainKey.blob.dropFirst(4 + certificate.plainKey.type.utf8.count)
    promise("the plain key is in the certificate", contains(input, Array(fields)))
}

private func checkKey(_ key: PublicKey) {
    promise("a blob begins with its type", key.blob.starts(with: wireString(Array(key.type.utf8))))
    promise("a type has at most 64 characters", (1...64).contains(key.type.utf8.count))
    promise("a key is read again from its line", (try? PublicKey.parse(line: key.line).key) == key)
    promise(
        "a key is read again from type and text", (try? PublicKey(type: key.type, base64: key.base64)) == key)
    let fingerprint = key.fingerprint.utf8
    promise("a fingerprint is SHA256: and 43 characters", fingerprint.count == 50)
}

private func checkLine(_ line: String) {
    guard let (key, comment) = try? PublicKey.parse(line: line) else { return }
    checkKey(key)
    promise("a key's two words are in its line", line.contains(key.type) && line.contains(key.base64))
    promise("a comment is in its line", comment.isEmpty || line.contains(comment))
}

private func checkBase64(_ input: [UInt8]) {
    for padded in [true, false] {
        let text = Base64.encode(input, padded: padded)
        if padded || input.count % 3 == 0 {
            promise("what is encoded is decoded again", Base64.decode(text.utf8) == input)
        }
        promise(
            "base64 has four characters for three bytes",
            text.utf8.count == (padded ? (input.count + 2) / 3 * 4 : (input.count * 4 + 2) / 3))
    }
    if let bytes = Base64.decode(input) {
        promise("no two texts mean one key", Array(Base64.encode(bytes).utf8) == input)
    }
}

private func checkWire(_ input: [UInt8]) {
    var reader = WireReader(input)
    var written: [UInt8] = []
    while let string = reader.string() { appendWireString(string, to: &written) }
    promise("the strings read are those at the beginning", input.starts(with: written))
}

private func wireString(_ bytes: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
}

private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    part.count <= bytes.count
        && (0...(bytes.count - part.count)).contains { bytes[$0...].starts(with: part) }
}
