/// The arguments of sallyport-dispatch, separated by NUL. Whatever sshd and its clients send, the output is
/// one line of the one known shape, about the key that was offered.
func check(_ input: [UInt8]) {
    let arguments =
        ["sallyport-dispatch"]
        + input.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    guard let offer = try? KeyOffer(arguments: arguments) else { return }
    let options = arguments.dropLast(4)
    for value in [offer.shell, offer.config].compactMap(\.self) {
        promise("a path comes from the options, never from what a client sends", options.contains(value))
    }
    guard
        let line = try? AuthorizedKeysLine(
            offered: offer.key, shell: offer.shell ?? "/usr/libexec/sallyport/sallyport-shell",
            config: offer.config, agentForwarding: offer.agentForwarding,
            noTouchRequired: offer.noTouchRequired)
    else { return }
    promise(
        "agents are permitted by the options, never by what a client sends",
        !offer.agentForwarding || options.contains("--agent-forwarding"))
    promise(
        "a touch is spared by the options, never by what a client sends",
        !offer.noTouchRequired || options.contains("--no-touch-required"))
    checkShape(
        of: line.text, agentForwarding: offer.agentForwarding, noTouchRequired: offer.noTouchRequired,
        offered: (type: arguments[arguments.count - 2], base64: arguments.last!))
}

/// `[cert-authority,]restrict,pty,[agent-forwarding,][no-touch-required,]command="…" <type> <base64>`
private func checkShape(
    of line: String, agentForwarding: Bool, noTouchRequired: Bool, offered: (type: String, base64: String)
) {
    promise("a line is printable ASCII", line.utf8.allSatisfy { (0x20...0x7e).contains($0) })
    let parts = line.utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    promise("a line has two quotes", parts.count == 3)
    let isCertificate = offered.type.hasSuffix("-cert-v01@openssh.com")
    promise(
        "the options are the known ones",
        parts[0] == (isCertificate ? "cert-authority," : "") + "restrict,pty,"
            + (agentForwarding ? "agent-forwarding," : "")
            + (noTouchRequired ? "no-touch-required," : "") + "command=")

    let words = parts[2].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    promise("a type and a key end the line", words.count == 3 && words[0].isEmpty)
    promise(
        "a type is a name",
        !words[1].isEmpty
            && words[1].allSatisfy { $0.isLetter || $0.isWholeNumber || "-._@".contains($0) })
    promise(
        "a key is base64",
        !words[2].isEmpty && words[2].allSatisfy { $0.isLetter || $0.isWholeNumber || "+/=".contains($0) })

    let command = parts[1]
    promise(
        "sh(1) takes the command literally",
        command.allSatisfy { $0.isLetter || $0.isWholeNumber || "/-._+ @=".contains($0) })
    guard let parsed = ForcedCommand(text: command) else {
        return promise("the shell reads the command again", false)
    }
    promise("the shell has an absolute path", parsed.shell.hasPrefix("/"))
    if isCertificate {
        promise("the person's key is a plain one", !parsed.key.type.contains("-cert-"))
        promise("the authority's key is a plain one", !words[1].contains("-cert-"))
    } else {
        promise("the line is about the key offered", words[1] == offered.type && words[2] == offered.base64)
        promise("the command is about the key offered", parsed.key.line == "\(words[1]) \(words[2])")
    }
}
