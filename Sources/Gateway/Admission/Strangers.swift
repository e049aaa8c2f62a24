import CProcesses
import Connections
import FoundationEssentials
import Glibc

/// The connections of people whose key opens nothing: it is unknown or pending, or they are suspended. sshd has let them in only so that they hear it; from one address a
/// few of these connections can last.
///
/// Each one is a file, named after sshd's process for the connection, which outlives the commands in it.
enum Strangers {
    /// How many connections from one address, or from one IPv6 /64, can last.
    static let most = 4
    /// When a connection is ended, sshd has sent the sentence and the status long before.
    private static let delay: UInt32 = 2

    /// A command of such a key has ended. Ends the connection if there are too many.
    ///
    /// - Parameter folder: belongs to the account.
    static func ended(at address: String, in folder: String, _ journal: Journal) {
        let connection = getppid()
        guard let start = start(of: connection) else { return }
        let block = block(of: address, journal)
        let strangers = CountingFolder("@strangers", in: folder)
        do throws(CountingFolder.Failure) {
            close(try strangers.open("\(connection).\(start).\(block)"))
            guard try living(in: strangers, from: block, before: (start, connection)) >= most else { return }
            journal.note("ends the connection: more than \(most) of keys that open nothing from \(address)")
        } catch {
            switch error {
            case .absent(let cause): return journal.warn("strangers are not counted: \(cause)")
            case .full(let cause): journal.warn("ends the connection of a key that opens nothing: \(cause)")
            }
        }
        if sp_end_later(connection, delay) != 0 {
            journal.warn("the connection cannot be ended: \(String(cString: strerror(errno)))")
        }
    }

    /// The part of a file's name that stands for an address. All that cannot be read count as one.
    static func block(of address: String, _ journal: Journal) -> String {
        if let block = AddressBlock(address, bytesOfIPv4: 4) { return block.hexadecimal }
        journal.warn("the address of a connection cannot be read: \(address)")
        return "unreadable"
    }

    /// Counts older connections from a block that still exist, and removes the files of all that do not.
    private static func living(
        in folder: CountingFolder, from block: String, before own: (start: UInt64, process: pid_t)
    ) throws(CountingFolder.Failure) -> Int {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw .full("\(folder.path) cannot be read: \(error)")
        }
        return names.count { name in
            let words = name.split(separator: ".")
            guard words.count == 3, let process = pid_t(words[0]) else { return false }
            guard let start = start(of: process), String(start) == words[1] else {
                unlink("\(folder.path)/\(name)")
                return false
            }
            return words[2] == block && (start, process) < own
        }
    }

    /// When a process of sshd started; nil: there is none.
    private static func start(of process: pid_t) -> UInt64? {
        var name = [CChar](repeating: 0, count: 16)
        let start = sp_start_of(process, &name)
        let isSSHD = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .hasPrefix("sshd")
        return start > 0 && isSSHD ? start : nil
    }
}
