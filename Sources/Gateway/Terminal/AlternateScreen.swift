import Glibc

/// Whether a terminal shows its alternate screen, because an editor, a pager or the like has taken it over.
///
/// It is given everything that the terminal receives, in any pieces. These sequences count (xterm's control
/// sequences, DECSET and RIS): `ESC [ ? 47 h`, `1047` and `1049`, alone or among others, the same with `l`, and
/// `ESC c`.
struct AlternateScreen {
    private enum State: Equatable {
        case text
        case escape
        /// After `ESC [`.
        case control(Parameters)
        /// In a string (OSC, DCS, SOS, PM, APC), which ends with ST or BEL.
        case string
    }

    /// What has been seen of the parameters of a control sequence.
    private struct Parameters: Equatable {
        var isEmpty = true
        /// Begins with `?`, and only numbers follow.
        var isPrivateMode = false
        /// The number that is being read.
        var number = 0
        /// An earlier number was one of our modes.
        var namesScreen = false

        mutating func finishNumber() {
            if AlternateScreen.modes.contains(number) { namesScreen = true }
            number = 0
        }
    }

    private static let modes = [47, 1047, 1049]
    private static let escape: UInt8 = 0x1b

    private(set) var isShown = false
    private var state = State.text

    /// Whether bytes written now would become part of a sequence that has begun.
    var isInSequence: Bool { state != .text }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var index = 0
        while index < bytes.count {
            if state == .text {
                guard let found = memchr(base + index, CInt(Self.escape), bytes.count - index) else { return }
                index = UnsafeRawPointer(found) - base
            }
            take(bytes[index])
            index += 1
        }
    }

    private mutating func take(_ byte: UInt8) {
        switch (state, byte) {
        case (_, Self.escape): state = .escape
        // CAN and SUB end any sequence.
        case (_, 0x18), (_, 0x1a): state = .text
        case (.text, _): break
        case (.escape, _): takeEscape(byte)
        case (.control(let parameters), _): takeControl(byte, parameters)
        case (.string, _): if byte == 0x07 { state = .text }
        }
    }

    private mutating func takeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "["): state = .control(Parameters())
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            state = .string
        case UInt8(ascii: "c"):
            isShown = false
            state = .text
        // Intermediate bytes, and control characters, which act at once.
        case 0x20...0x2f, 0..<0x20: break
        default: state = .text
        }
    }

    private mutating func takeControl(_ byte: UInt8, _ seen: Parameters) {
        var parameters = seen
        defer { if case .control = state { state = .control(parameters) } }
        switch byte {
        case 0..<0x20: return
        case UInt8(ascii: "?") where parameters.isEmpty: parameters.isPrivateMode = true
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            // No mode is this large.
            parameters.number = min(parameters.number * 10 + Int(byte - UInt8(ascii: "0")), 100_000)
        case UInt8(ascii: ";"): parameters.finishNumber()
        case 0x20...0x3f: parameters.isPrivateMode = false
        default:
            parameters.finishNumber()
            if parameters.isPrivateMode, parameters.namesScreen {
                if byte == UInt8(ascii: "h") { isShown = true }
                if byte == UInt8(ascii: "l") { isShown = false }
            }
            state = .text
        }
        parameters.isEmpty = false
    }
}
