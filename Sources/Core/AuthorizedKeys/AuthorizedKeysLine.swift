/// The only line that is ever printed to sshd (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
public struct AuthorizedKeysLine: Hashable, Sendable {
    /// The line, without a newline.
    public let text: String

    /// - Parameters:
    ///   - offered: what the client offered: a plain key, or a certificate.
    ///   - shell: the absolute path of sallyport-shell.
    ///   - config: passed on to it.
    ///   - agentForwarding: whether the client can forward its agent (`ssh -A`).
    ///   - noTouchRequired: whether security keys can sign without a touch.
    public init(
        offered: PublicKey, shell: String, config: String?, agentForwarding: Bool,
        noTouchRequired: Bool = false
    ) throws(OfferError) {
        // sshd never matches a line that contains the certificate itself, so the line names the authority that signed
        // it.
        let certificate: Certificate?
        do {
            certificate = Certificate.isCertificate(offered) ? try Certificate(offered) : nil
        } catch {
            throw OfferError(error.description)
        }
        let person = certificate?.plainKey ?? offered
        guard let command = ForcedCommand(shell: shell, config: config, key: person) else {
            throw OfferError("a path is not absolute or has unusual characters")
        }
        // `restrict` comes first: it switches everything off, and later options switch something on again.
        var permitted = "pty"
        if agentForwarding { permitted += ",agent-forwarding" }
        if noTouchRequired { permitted += ",no-touch-required" }
        let options = #"restrict,\#(permitted),command="\#(command.text)""#
        if let certificate {
            text = "cert-authority,\(options) \(certificate.authority.line)"
        } else {
            text = "\(options) \(offered.line)"
        }
    }
}
