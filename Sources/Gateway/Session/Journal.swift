import CLinux
import Glibc
import Presentation

/// The administrator's log: syslog, facility authpriv, and a file if there is one, each record with the session's id.
public final class Journal {
    /// Short, so that a person can read it out; random, so that it is unique in the log.
    public let session: String
    private let record: (_ priority: CInt, _ text: String) -> Void

    /// - Parameter record: receives each record; syslog(3), except in tests.
    init(record: @escaping (_ priority: CInt, _ text: String) -> Void = Journal.syslog) {
        self.record = record
        let letters = Array("23456789abcdefghjkmnpqrstvwxyz".utf8)
        var random = [UInt8](repeating: 0, count: 10)
        if getentropy(&random, random.count) != 0 {
            for index in random.indices { random[index] = UInt8(truncatingIfNeeded: Int(getpid()) >> index) }
        }
        session = String(decoding: random.map { letters[Int($0) % letters.count] }, as: UTF8.self)
    }

    /// Records something ordinary.
    func note(_ text: String) {
        write(LOG_INFO, text)
    }

    /// Records something that an administrator may have to look into.
    func warn(_ text: String) {
        write(LOG_WARNING, text)
    }

    private func write(_ priority: CInt, _ text: String) {
        record(priority, "session=\(session) \(HostileText.printable(text))")
    }

    /// From now on, records go to that file, too.
    static func writeAlso(to file: String) {
        sp_log_also_to(file)
    }

    private static func syslog(_ priority: CInt, _ text: String) {
        sp_log("sallyport-shell", priority, text)
    }
}
