// sallyport-lookup: with admission `known`, the dispatcher executes it. It asks the build service on its Unix socket
// whether it knows a key, and prints the line or nothing; always exit 0. If the service is not on a Unix socket, or its
// answer is unusual, it executes sallyport-shell, which asks with libcurl.

import AuthorizedKeys
import BuildAPI
import CLinux
import ConfigurationFile
import Glibc
import KeyLookup
import Presentation
import SocketClient
import Version

/// sshd discards our stderr; the administrator reads authpriv.
func log(_ priority: CInt, _ text: String) {
    sp_log("sallyport-lookup", priority, HostileText.printable(text))
}

/// Returns only if sallyport-shell cannot be started.
func becomeShell(for command: KeyLookupCommand, because cause: String) -> LookupError {
    Lookup.callOffEnd()
    var arguments: [UnsafeMutablePointer<CChar>?] = command.arguments.map { strdup($0) }
    arguments.append(nil)
    execv(command.shell, &arguments)
    return LookupError("\(cause); \(command.shell) cannot be started: \(String(cString: strerror(errno)))")
}

if CommandLine.arguments.dropFirst() == ["--version"] {
    Version.print(of: "sallyport-lookup")
    exit(0)
}
let lookup = Lookup(
    note: { log(LOG_INFO, $0) }, warn: { log(LOG_WARNING, $0) },
    ask: { question throws(LookupError) in
        guard let service = SocketService(question.configuration.service) else {
            throw becomeShell(for: question.command, because: "the service is not a Unix socket")
        }
        do throws(SocketError) {
            return try service.fingerprint(of: question.key, within: question.nanosecondsLeft)
        } catch {
            switch error {
            case .unusual(let cause): throw becomeShell(for: question.command, because: cause)
            case .late:
                throw LookupError("timedOut: no answer before sshd must have one", isTransient: true)
            }
        }
    })
_exit(lookup.run(arguments: CommandLine.arguments))
