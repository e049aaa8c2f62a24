public import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A terminal for a program that needs one: posix_openpt(3).
public final class PseudoTerminal: Sendable {
    /// Our side: read here what the program shows, write here what a person types.
    let ours: FileDescriptor
    /// The program's side, until it has ended.
    private let theirs: Mutex<FileDescriptor?>

    /// Opens a terminal of the given size.
    public init(rows: UInt16 = 24, columns: UInt16 = 80) throws {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        var descriptors: (Int32, Int32) = (-1, -1)
        guard sp_open_terminal(&descriptors.0, &descriptors.1, &size) == 0 else {
            throw Errno(rawValue: errno)
        }
        ours = FileDescriptor(rawValue: descriptors.0)
        theirs = Mutex(FileDescriptor(rawValue: descriptors.1))
    }

    deinit {
        closeTheirs()
        try? ours.close()
    }

    /// The program's side, to start it with.
    func programSide() throws -> FileDescriptor {
        guard let descriptor = theirs.withLock({ $0 }) else { throw Errno.badFileDescriptor }
        return descriptor
    }

    /// Lets our side see the end of the program's output.
    func closeTheirs() {
        theirs.withLock { descriptor in
            try? descriptor?.close()
            descriptor = nil
        }
    }

    /// Changes the size, like dragging a window; the program gets SIGWINCH.
    public func resize(rows: UInt16, columns: UInt16) throws {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard sp_set_window_size(ours.rawValue, &size) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Changes the modes and the special characters, as stty(1) does.
    public func setModes(_ change: (inout termios) -> Void) throws {
        var modes = termios()
        guard tcgetattr(ours.rawValue, &modes) == 0 else { throw Errno(rawValue: errno) }
        change(&modes)
        guard tcsetattr(ours.rawValue, TCSANOW, &modes) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Waits until a program takes every byte as it is typed. (No event tells that of a terminal.)
    public func waitUntilRaw() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while isCooked {
            guard ContinuousClock.now < deadline else {
                throw TestBedError("no program has made the terminal raw in 30 s")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Whether lines are edited and echoed here: the mode in which a shell expects its terminal.
    public var isCooked: Bool {
        var modes = termios()
        guard tcgetattr(ours.rawValue, &modes) == 0 else { return false }
        return modes.c_lflag & tcflag_t(ICANON) != 0 && modes.c_lflag & tcflag_t(ECHO) != 0
    }
}
