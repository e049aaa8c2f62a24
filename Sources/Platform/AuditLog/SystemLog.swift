import Audit
import CLinux
import Glibc
import Presentation

/// The system log: journald(8), which gets each field as one of its own, or any other that syslog(3) reaches.
package enum SystemLog {
    package static let identifier = "sallyport-audit"
    /// What the message begins with, before the JSON.
    package static let cookie = "@cee: "
    private static let journalSocket = "/run/systemd/journal/socket"

    /// - Parameter line: the record as JSON, which is the message in both. (The cookie before it tells rsyslogd(8) and others
    ///   that JSON follows.)
    static func write(_ record: AuditRecord, line: String) {
        let message = cookie + line
        guard !send(entry(of: record, message)) else { return }
        sp_syslog(identifier, LOG_INFO, message)
    }

    /// An entry in journald's own protocol.
    private static func entry(of record: AuditRecord, _ message: String) -> String {
        var fields = [
            ("MESSAGE", message), ("PRIORITY", "\(LOG_INFO)"), ("SYSLOG_FACILITY", "\(LOG_AUTHPRIV >> 3)"),
            ("SYSLOG_IDENTIFIER", identifier), ("SALLYPORT_EVENT", record.event.rawValue),
            ("SALLYPORT_V", "\(AuditRecord.formatVersion)"),
        ]
        fields += record.values.map {
            ("SALLYPORT_\($0.key.rawValue.uppercased())", HostileText.printable($0.value.words))
        }
        return fields.map { "\($0.0)=\($0.1)\n" }.joined()
    }

    /// - Returns: whether journald is there, and has taken it.
    private static func send(_ entry: String) -> Bool {
        let socket = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: journalSocket.utf8) }
        let bytes = Array(entry.utf8)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    socket, bytes, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT), $0,
                    socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return sent == bytes.count
    }
}
