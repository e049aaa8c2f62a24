import CLinux
import CProcesses
import Connections
import EventLoop
import Glibc

/// What the runner's program does when the runner starts it for a builder's socket. It is not for people.
public enum SocketCommand: Equatable, Sendable {
    /// Keeps the socket on standard input.
    case keep(SocketKeeper.Target)
    /// Passes a connection from the socket to ssh, on standard output: ssh_config(5), ProxyUseFdpass.
    case reach(path: String)
    /// Carries ssh's bytes to a machine that has dialled, by way of the socket of its gateway's process.
    ///
    /// - Parameter key: `<type> <base64>`, with which ssh logs in there.
    case reachAttached(path: String, key: String)

    private static let keeping = "keep-builder-socket"
    private static let reaching = "reach-builder"
    private static let reachingAttached = "reach-attached-machine"

    /// The words after the program's name.
    public var words: [String] {
        switch self {
        case .keep(let target): [Self.keeping] + target.words
        case .reach(let path): [Self.reaching, path]
        case .reachAttached(let path, let key): [Self.reachingAttached, path, key]
        }
    }

    /// Nil: another command.
    public init?(words: [String]) {
        switch words.first {
        case Self.keeping:
            guard let target = SocketKeeper.Target(words: Array(words.dropFirst())) else { return nil }
            self = .keep(target)
        case Self.reaching where words.count == 2: self = .reach(path: words[1])
        case Self.reachingAttached where words.count == 3:
            self = .reachAttached(path: words[1], key: words[2])
        default: return nil
        }
    }

    /// This very program, as long as this process lives, even if another version has replaced its file.
    public static var program: String { "/proc/\(getpid())/exe" }

    public func run() -> Never {
        switch self {
        case .keep(let target):
            signal(SIGPIPE, SIG_IGN)
            sp_become_helper("builder-socket")
            SocketKeeper(target, on: STDIN_FILENO, loop: EventLoop())?.run()
            exit(EXIT_SUCCESS)
        case .reach(let path):
            do throws(HandoverSocket.Failure) {
                let connection = try HandoverSocket.open(path, waiting: 10)
                exit(sp_send_descriptor(STDOUT_FILENO, 0, connection) == 0 ? EXIT_SUCCESS : EX_OSERR)
            } catch {
                Self.fail("\(error)")
            }
        case .reachAttached(let path, let key):
            signal(SIGPIPE, SIG_IGN)
            sp_become_helper("builder-stream")
            do throws(AttachedMachineStream.Failure) {
                try AttachedMachineStream(at: path, for: key).carry(from: STDIN_FILENO, to: STDOUT_FILENO)
                exit(EXIT_SUCCESS)
            } catch {
                Self.fail(error.reason)
            }
        }
    }

    private static func fail(_ reason: String) -> Never {
        let line = Array("\(reason)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(EX_UNAVAILABLE)
    }
}
