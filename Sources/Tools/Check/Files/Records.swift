import ConfigurationFile
import Glibc

/// Whether what the gateway's programs write about a login arrives anywhere.
enum Records {
    static let check = "gateway.log"

    /// - Parameter writers: the account first.
    static func result(_ configuration: Configuration.Gateway, writers: [Account]) async -> CheckResult {
        guard let path = configuration.logFile else {
            guard access("/dev/log", F_OK) == 0 else {
                return .warn(
                    check,
                    "there is no system log here (/dev/log), and no log_file: nobody can read why a login is refused",
                    remedy: "Set log_file of [gateway]: docs/installation.md, “Logs”.")
            }
            return .ok(check, "the system log is there")
        }
        for writer in writers {
            if let tried = await LocalCommand.run(["test", "-w", path], as: writer.user), tried.succeeded {
                continue
            }
            let group = writers.last?.groups.first ?? writer.name
            return .fail(
                check, "\(writer.name) cannot write to \(path)",
                remedy: "touch \(path) && chown \(writers[0].name):\(group) \(path) && chmod 660 \(path)")
        }
        return .ok(check, "\(path) can be written")
    }
}
