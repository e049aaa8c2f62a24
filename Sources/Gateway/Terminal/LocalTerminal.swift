import CLinux
import Glibc
import SSHClient

/// The terminal that sshd gave the session, on standard input. sshd has given it the modes of the person's terminal.
final class LocalTerminal {
    private let descriptor = STDIN_FILENO
    private let saved: termios?
    private var isChanged = false
    /// What had been typed before ``holdTyping()``, as it was typed.
    private(set) var typedAhead: [UInt8] = []

    init() {
        var attributes = termios()
        saved = tcgetattr(descriptor, &attributes) == 0 ? attributes : nil
    }

    deinit {
        restore()
    }

    /// The settings to give a terminal on the builder, as words for stty(1).
    var modes: [String] { saved.map(TerminalModes.words) ?? [] }

    /// Keeps what is typed for the builder: nothing is edited, answered or lost here, and Ctrl-D is a byte like others. Only
    /// Ctrl-C and Ctrl-\ still end the session.
    func holdTyping() {
        guard var attributes = saved, !isChanged else { return }
        typedAhead = typedLines()
        attributes.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | ISTRIP | IXON | IXOFF | IXANY)
        attributes.c_lflag &= ~tcflag_t(ICANON | ECHO | ECHONL | IEXTEN)
        for (character, value) in [(VMIN, 1), (VTIME, 0), (VSUSP, 0)] {
            TerminalModes.set(character, to: cc_t(value), in: &attributes)
        }
        apply(attributes)
    }

    /// Passes every byte on: the builder's terminal does what this one would have done. `restore()` undoes it.
    func makeRaw() {
        guard var attributes = saved else { return }
        cfmakeraw(&attributes)
        apply(attributes)
    }

    func restore() {
        guard let saved, isChanged else { return }
        apply(saved)
        isChanged = false
    }

    private func apply(_ attributes: termios) {
        var attributes = attributes
        isChanged = true
        tcsetattr(descriptor, TCSADRAIN, &attributes)
    }

    /// The lines that the terminal has edited already. An end of the input, which would become a NUL, is Ctrl-D.
    private func typedLines() -> [UInt8] {
        var typed: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while typed.count < 64 << 10, poll(&state, 1, 0) == 1, state.revents & Int16(POLLIN) != 0 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { break }
            // At a terminal that has hung up every read is empty.
            guard count > 0 || state.revents & Int16(POLLHUP) == 0 else { break }
            typed +=
                count == 0 ? [4] : buffer[..<count].map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: "\r") : $0 }
        }
        return typed
    }

    var size: TerminalSize { Self.windowSize }

    /// The size of the window on standard input; 80 by 24 if it is unknown.
    static var windowSize: TerminalSize {
        var size = winsize()
        guard sp_get_window_size(STDIN_FILENO, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
