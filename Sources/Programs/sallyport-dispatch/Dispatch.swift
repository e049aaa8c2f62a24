// sallyport-dispatch: sshd's AuthorizedKeysCommand. One authorized_keys line on stdout, or nothing; always exit 0.

import CLinux
import EmbeddedAuthorizedKeys
import EmbeddedVersion

/// The program's entry point, under the name that SwiftPM expects. Embedded Swift has neither `CommandLine` nor Glibc.
@c(sallyport_dispatch_main)
func main(count: CInt, words: UnsafePointer<UnsafePointer<CChar>>) -> CInt {
    // sshd before 7.5 stops reading at the match.
    sp_ignore_broken_pipes()
    let arguments = (0..<Int(count)).map { String(cString: words[$0]) }
    if arguments.dropFirst() == ["--version"] {
        Version.print(of: "sallyport-dispatch")
        return 0
    }
    do throws(OfferError) {
        let offer = try KeyOffer(arguments: arguments)
        guard offer.user == offer.account else { return 0 }
        switch offer.admission {
        case .any:
            printLine(
                try AuthorizedKeysLine(
                    offered: offer.key, shell: shell(for: offer), config: offer.config,
                    agentForwarding: offer.agentForwarding, noTouchRequired: offer.noTouchRequired))
        case .known: lookUp(offer)
        }
    } catch {
        log(error.description)
    }
    return 0
}

/// The path of sallyport-shell: from the options, or next to this program.
private func shell(for offer: KeyOffer) -> String { offer.shell ?? besideThisProgram("sallyport-shell") }

/// The path of a program in the same folder as this one.
private func besideThisProgram(_ program: String) -> String {
    guard let folder = ProgramFolder.path else { return "" }
    return folder + "/" + program
}

/// One write(2), so that sshd reads a whole line or nothing.
private func printLine(_ line: AuthorizedKeysLine) {
    var bytes = Array(line.text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    if write(STDOUT_FILENO, bytes, bytes.count) != bytes.count { log("stdout is closed or full") }
}

/// Executes the lookup, which prints the same line or nothing.
private func lookUp(_ offer: KeyOffer) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let deadline = UInt64(now.tv_sec + 2) * 1_000_000_000 + UInt64(now.tv_nsec)
    let command = KeyLookupCommand(offer, shell: shell(for: offer), deadline: deadline)
    let program = besideThisProgram("sallyport-lookup")
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program)]
    for argument in command.arguments.dropFirst() { arguments.append(strdup(argument)) }
    arguments.append(nil)
    execv(program, &arguments)
    log("\(program) cannot be started: \(String(cString: sp_last_error()))")
}

/// sshd discards our stderr; the administrator reads authpriv.
private func log(_ reason: String) {
    sp_log("sallyport-dispatch", LOG_NOTICE, "no line: " + reason)
}
