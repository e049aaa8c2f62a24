import Foundation

/// What proc(5) says about a process, in `/proc/PID/stat`.
struct ProcessStatus: Equatable {
    let isZombie: Bool
    /// In clock ticks after the host's start.
    let start: String

    /// Nil: there is no such process.
    init?(of process: pid_t) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
            return nil
        }
        self.init(text)
    }

    /// The second field is a name in parentheses, with any characters; the state is the third, the start the 22nd.
    init?(_ text: String) {
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count >= 20 else { return nil }
        isZombie = ["Z", "X"].contains(fields[0])
        start = String(fields[19])
    }
}
