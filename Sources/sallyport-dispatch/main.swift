// sallyport-dispatch: sshd's AuthorizedKeysCommand. One authorized_keys line on stdout, or nothing; always exit 0.

import AuthorizedKeys
import Glibc

// sshd before 7.5 stops reading at the match.
signal(SIGPIPE, SIG_IGN)

/// openlog(3) keeps the pointer: a String's bytes would be gone by the time of the message.
let name: StaticString = "sallyport-dispatch"

/// sshd loses our stderr; the administrator reads authpriv.
func log(_ reason: String) {
    name.withUTF8Buffer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { openlog($0.baseAddress, LOG_PID, LOG_AUTHPRIV) }
    }
    reason.withCString { text in
        withVaList([text]) { vsyslog(LOG_NOTICE, "no line: %s", $0) }
    }
}

/// `sallyport-shell` in the folder of this program.
func shellBesideThisProgram() -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0, let slash = buffer[..<count].lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(decoding: buffer[...slash], as: UTF8.self) + "sallyport-shell"
}

/// One write(2): sshd reads a whole line or nothing.
func print(_ line: AuthorizedKeysLine) {
    var bytes = Array(line.text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    if write(STDOUT_FILENO, bytes, bytes.count) != bytes.count { log("stdout is closed or full") }
}

/// Becomes the look-up, which prints the same line or nothing.
func lookUp(_ offer: KeyOffer, shell: String) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let deadline = UInt64(now.tv_sec + 2) * 1_000_000_000 + UInt64(now.tv_nsec)
    let command = KeyLookupCommand(offer, shell: shell, deadline: deadline)
    var arguments: [UnsafeMutablePointer<CChar>?] = command.arguments.map { strdup($0) }
    arguments.append(nil)
    execv(shell, &arguments)
    log("\(shell) cannot be started: \(String(cString: strerror(errno)))")
}

do {
    let offer = try KeyOffer(arguments: CommandLine.arguments)
    if offer.user == offer.account {
        let shell = offer.shell ?? shellBesideThisProgram()
        switch offer.admission {
        case .any:
            print(
                try AuthorizedKeysLine(
                    offered: offer.key, shell: shell, config: offer.config,
                    agentForwarding: offer.agentForwarding))
        case .known: lookUp(offer, shell: shell)
        }
    }
} catch {
    log(error.description)
}
exit(0)
