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

    private static let keeping = "keep-builder-socket"
    private static let reaching = "reach-builder"

    /// The words after the program's name.
    public var words: [String] {
        switch self {
        case .keep(let target): [Self.keeping] + target.words
        case .reach(let path): [Self.reaching, path]
        }
    }

    /// Nil: another command.
    public init?(words: [String]) {
        switch words.first {
        case Self.keeping:
            guard let target = SocketKeeper.Target(words: Array(words.dropFirst())) else { return nil }
            self = .keep(target)
        case Self.reaching where words.count == 2: self = .reach(path: words[1])
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
                let line = Array("\(error)\n".utf8)
                _ = write(STDERR_FILENO, line, line.count)
                exit(EX_UNAVAILABLE)
            }
        }
    }
}
