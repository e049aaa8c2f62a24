import Foundation
import World

/// A whole run of sallyport-dispatch, which sshd starts twice for each login.
enum DispatchAny {
    static func measure(_ scratch: Scratch, contenders: String, _ report: Report) async throws {
        let compiled = scratch.folder + "/static-c"
        let compiling = try await Command.run([
            "cc", "-O2", "-static", "-s", "-o", compiled, "\(contenders)/static.c",
        ])
        guard compiling.status == 0 else { throw WorldError("cc failed", log: compiling.description) }
        let file = scratch.folder + "/key"
        let made = try await Command.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file])
        guard made.status == 0 else { throw WorldError("ssh-keygen failed", log: made.description) }
        // As sshd would fill in `%u %h %t %k`.
        let arguments =
            ["builds", "/home/builds"]
            + (try String(contentsOfFile: file + ".pub", encoding: .utf8)).split(separator: " ").prefix(2)
            .map(String.init)
        try await Contest(
            contenders: [
                Contender(name: "static-c", arguments: [compiled] + arguments),
                Contender(
                    name: "dispatch-any", arguments: ["\(scratch.programs)/sallyport-dispatch"] + arguments),
            ], rounds: 4000, unit: "ms", value: { $0 * 1000 }
        ).run(scratch, report)
    }
}
