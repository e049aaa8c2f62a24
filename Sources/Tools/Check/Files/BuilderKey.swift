import AuthorizedKeys
import ConfigurationFile
import FoundationEssentials
import Glibc
import HelperPrograms

/// Whether the gateway can log in to builders, and nobody else can with its key.
enum BuilderKey {
    static let check = "gateway.builder-key"

    static func result(_ configuration: Configuration, account: Account) async -> CheckResult {
        let path = configuration.builder.identity
        let make = "ssh-keygen -q -t ed25519 -N '' -f \(path) && chown \(account.name): \(path)"
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .fail(check, "\(path): \(String(cString: strerror(errno)))", remedy: make)
        }
        guard status.st_uid == account.user else {
            return .fail(
                check, "\(path) belongs to \(UserNames.name(of: status.st_uid)): the account cannot use it",
                remedy: "chown \(account.name): \(path)")
        }
        guard status.st_mode & 0o077 == 0 else {
            return .fail(
                check, "others than \(account.name) can read \(path), and could enter every builder",
                remedy: "chmod 600 \(path)")
        }
        let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        if let fault = TrustedPath.faults(of: folder).first {
            return .fail(check, fault.finding(whereOpen: "the key can be replaced"), remedy: fault.remedy)
        }
        guard
            let derived = await LocalCommand.run(
                ["ssh-keygen", "-y", "-P", "", "-f", path], as: account.user),
            derived.succeeded, let key = try? PublicKey.parse(line: derived.output.trimmed).key
        else {
            return .fail(check, "\(path) is not a private key without a passphrase", remedy: make)
        }
        // Where the build service is elsewhere, its administrator has the list.
        let known = configuration.runner.gatewayKeys.compactMap { try? PublicKey.parse(line: $0).key.line }
        if configuration.service.url.hasPrefix("unix:"), !known.isEmpty, !known.contains(key.line) {
            return .fail(
                check, "gateway_keys does not name the key in \(path), so builders refuse the gateway",
                remedy: "Put \"\(key.line)\" into gateway_keys of [runner], and restart the runner.")
        }
        return .ok(check, "only \(account.name) can read \(path)")
    }
}
