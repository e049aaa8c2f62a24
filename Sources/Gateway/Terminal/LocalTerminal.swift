import CLinux
import Glibc
import SSHClient

/// The terminal that sshd gave the session, on standard input.
final class LocalTerminal {
    private let descriptor = STDIN_FILENO
    private var saved: termios?

    deinit {
        restore()
    }

    /// Passes every byte on: the builder's terminal does what this one would have done. `restore()` undoes it.
    func makeRaw() {
        var attributes = termios()
        guard saved == nil, tcgetattr(descriptor, &attributes) == 0 else { return }
        saved = attributes
        cfmakeraw(&attributes)
        tcsetattr(descriptor, TCSADRAIN, &attributes)
    }

    func restore() {
        guard var attributes = saved else { return }
        saved = nil
        tcsetattr(descriptor, TCSADRAIN, &attributes)
    }

    /// The window's size; 80 by 24 if it is unknown.
    var size: TerminalSize {
        var size = winsize()
        guard sp_get_window_size(descriptor, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
