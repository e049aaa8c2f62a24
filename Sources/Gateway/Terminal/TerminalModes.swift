import CLinux
import Glibc

/// A terminal's modes and special characters, as far as RFC 4254 section 8 carries them, as words for stty(1).
enum TerminalModes {
    /// Only what differs from a new terminal on Linux.
    static func words(_ attributes: termios) -> [String] {
        let flags =
            words(attributes.c_iflag, of: inputFlags, usual: tcflag_t(ICRNL | IXON))
            + words(attributes.c_oflag, of: outputFlags, usual: tcflag_t(OPOST | ONLCR))
            + words(
                attributes.c_lflag, of: localFlags,
                usual: tcflag_t(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN))
        let special = characters.flatMap { character -> [String] in
            let value = character.value(in: attributes)
            return value == character.usual ? [] : [character.name, spelled(value)]
        }
        return flags + special
    }

    static func set(_ character: CInt, to value: cc_t, in attributes: inout termios) {
        withUnsafeMutableBytes(of: &attributes.c_cc) { $0[Int(character)] = value }
    }

    private static func words(
        _ value: tcflag_t, of flags: [(name: String, flag: CInt)], usual: tcflag_t
    ) -> [String] {
        flags.compactMap { name, flag in
            let flag = tcflag_t(flag)
            guard (value ^ usual) & flag != 0 else { return nil }
            return value & flag == 0 ? "-\(name)" : name
        }
    }

    /// `^C`, `undef`, or a number; a single character would stand for itself.
    private static func spelled(_ value: cc_t) -> String {
        switch value {
        case 0: "undef"
        case 1..<0x20: "^\(Character(UnicodeScalar(value + 0x40)))"
        case 0x7f: "^?"
        default: String(value)
        }
    }

    private static let inputFlags: [(name: String, flag: CInt)] = [
        ("ignpar", IGNPAR), ("parmrk", PARMRK), ("inpck", INPCK), ("istrip", ISTRIP), ("inlcr", INLCR),
        ("igncr", IGNCR), ("icrnl", ICRNL), ("iuclc", IUCLC), ("ixon", IXON), ("ixany", IXANY),
        ("ixoff", IXOFF),
        ("imaxbel", IMAXBEL), ("iutf8", IUTF8),
    ]
    private static let outputFlags: [(name: String, flag: CInt)] = [
        ("opost", OPOST), ("olcuc", OLCUC), ("onlcr", ONLCR), ("ocrnl", OCRNL), ("onocr", ONOCR),
        ("onlret", ONLRET),
    ]
    private static let localFlags: [(name: String, flag: CInt)] = [
        ("isig", ISIG), ("icanon", ICANON), ("echo", ECHO), ("echoe", ECHOE), ("echok", ECHOK),
        ("echonl", ECHONL), ("noflsh", NOFLSH), ("tostop", TOSTOP), ("iexten", IEXTEN), ("echoctl", ECHOCTL),
        ("echoke", ECHOKE),
    ]

    private struct SpecialCharacter {
        let name: String
        let index: CInt
        let usual: cc_t

        func value(in attributes: termios) -> cc_t {
            withUnsafeBytes(of: attributes.c_cc) { $0[Int(index)] }
        }
    }

    private static let characters = [
        SpecialCharacter(name: "intr", index: VINTR, usual: 3),
        SpecialCharacter(name: "quit", index: VQUIT, usual: 0x1c),
        SpecialCharacter(name: "erase", index: VERASE, usual: 0x7f),
        SpecialCharacter(name: "kill", index: VKILL, usual: 0x15),
        SpecialCharacter(name: "eof", index: VEOF, usual: 4),
        SpecialCharacter(name: "eol", index: VEOL, usual: 0),
        SpecialCharacter(name: "eol2", index: VEOL2, usual: 0),
        SpecialCharacter(name: "start", index: VSTART, usual: 0x11),
        SpecialCharacter(name: "stop", index: VSTOP, usual: 0x13),
        SpecialCharacter(name: "susp", index: VSUSP, usual: 0x1a),
        SpecialCharacter(name: "rprnt", index: VREPRINT, usual: 0x12),
        SpecialCharacter(name: "werase", index: VWERASE, usual: 0x17),
        SpecialCharacter(name: "lnext", index: VLNEXT, usual: 0x16),
    ]
}
