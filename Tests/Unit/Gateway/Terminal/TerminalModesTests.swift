import CLinux
import Glibc
import Testing

@testable import Gateway

/// A terminal's settings as words for stty(1).
@Suite struct TerminalModesTests {
    /// Of a new pseudoterminal, whose settings are the kernel's.
    private static func newTerminal() throws -> termios {
        var (ours, theirs): (CInt, CInt) = (-1, -1)
        var size = winsize()
        try #require(sp_open_terminal(&ours, &theirs, &size) == 0)
        defer {
            close(ours)
            close(theirs)
        }
        var attributes = termios()
        try #require(tcgetattr(theirs, &attributes) == 0)
        return attributes
    }

    @Test func aNewTerminalNeedsNone() throws {
        #expect(TerminalModes.words(try Self.newTerminal()) == [])
    }

    @Test func whatDiffersIsNamed() throws {
        var attributes = try Self.newTerminal()
        attributes.c_iflag |= tcflag_t(IUTF8)
        attributes.c_iflag &= ~tcflag_t(IXON)
        attributes.c_oflag &= ~tcflag_t(ONLCR)
        attributes.c_lflag |= tcflag_t(NOFLSH)
        attributes.c_lflag &= ~tcflag_t(ECHOKE)
        for (character, value) in [(VERASE, 8), (VSUSP, 0), (VINTR, 0x7f), (VKILL, 0x40), (VEOL, 255)] {
            TerminalModes.set(CInt(character), to: cc_t(value), in: &attributes)
        }
        #expect(
            TerminalModes.words(attributes) == [
                "-ixon", "iutf8", "-onlcr", "noflsh", "-echoke", "intr", "^?", "erase", "^H", "kill", "64",
                "eol",
                "255", "susp", "undef",
            ])
    }
}
