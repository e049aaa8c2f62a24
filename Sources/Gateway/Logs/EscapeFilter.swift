/// Passes only the text, colours and styles of a log to a terminal.
///
/// What passes: valid UTF-8, tab, newline, carriage return, backspace, and `ESC [ … m` (ECMA-48, SGR). What does not:
/// every other escape sequence with its contents, control characters of both sets. Bytes that are not UTF-8 become
/// U+FFFD. Sequences can be cut anywhere between two calls.
///
/// Nothing hides more than its own line: a newline ends every sequence that has begun, and every style. A carriage
/// return before a newline is dropped: terminals add their own.
struct EscapeFilter {
    private enum State {
        case text
        /// The bytes of a character that is not complete.
        case character(bytes: [UInt8], missing: Int)
        case escape
        /// Between ESC and its final byte.
        case escapeIntermediate
        /// After `ESC [`; the parameters so far, nil when it can no longer be a colour.
        case control(parameters: [UInt8]?)
        /// In a string (OSC, DCS, SOS, PM, APC), which ends with ST, BEL or any other escape sequence.
        case string
        case stringEscape
    }

    private static let escape: UInt8 = 0x1b
    /// Bytes of parameters; the longest colour has under 20.
    private static let maximumParameters = 64

    private var state = State.text
    /// Whether a style is in force.
    private(set) var isStyled = false
    /// Whether the last byte was a carriage return, which has not been shown.
    private var holdsReturn = false

    /// Filters these bytes.
    mutating func filter(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var shown: [UInt8] = []
        for byte in bytes { take(byte, &shown) }
        return shown
    }

    /// Returns what is left at the end of the log.
    mutating func finish() -> [UInt8] {
        defer {
            state = .text
            holdsReturn = false
        }
        if case .character = state { return Self.replacement + endStyle() }
        return endStyle()
    }

    /// Ends the style, if there is one: what follows on the terminal is not this log's, or on another line.
    mutating func endStyle() -> [UInt8] {
        defer { isStyled = false }
        return isStyled ? Self.plainStyle : []
    }

    /// `ESC [ 0 m`
    private static let plainStyle: [UInt8] = [
        escape, UInt8(ascii: "["), UInt8(ascii: "0"), UInt8(ascii: "m"),
    ]

    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    private mutating func take(_ byte: UInt8, _ shown: inout [UInt8]) {
        switch (state, byte) {
        case (.text, _): takeText(byte, &shown)
        case (.character(let bytes, let missing), _): takeContinuation(byte, bytes, missing, &shown)
        case (_, 0x0a), (_, 0x0d):
            state = .text
            takeText(byte, &shown)
        // CAN and SUB end any sequence.
        case (_, 0x18), (_, 0x1a): state = .text
        case (.string, Self.escape): state = .stringEscape
        case (.string, _): if byte == 0x07 { state = .text }
        case (.stringEscape, UInt8(ascii: "\\")): state = .text
        case (.stringEscape, _), (.escape, _): takeEscape(byte)
        case (_, Self.escape): state = .escape
        // ECMA-48: intermediate bytes, then one final byte.
        case (.escapeIntermediate, _): if !(0x20...0x2f).contains(byte) { state = .text }
        case (.control(let parameters), _): takeControl(byte, parameters, &shown)
        }
    }

    private mutating func show(_ bytes: some Collection<UInt8>, _ shown: inout [UInt8]) {
        if holdsReturn { shown.append(0x0d) }
        holdsReturn = false
        shown += bytes
    }

    private mutating func takeText(_ byte: UInt8, _ shown: inout [UInt8]) {
        switch byte {
        case Self.escape: state = .escape
        case 0x0a:
            holdsReturn = false
            shown += endStyle()
            shown.append(byte)
        case 0x0d: holdsReturn = true
        case 0x08, 0x09, 0x20...0x7e: show(CollectionOfOne(byte), &shown)
        case 0..<0x20, 0x7f: break
        case 0xc2...0xdf: state = .character(bytes: [byte], missing: 1)
        case 0xe0...0xef: state = .character(bytes: [byte], missing: 2)
        case 0xf0...0xf4: state = .character(bytes: [byte], missing: 3)
        default: show(Self.replacement, &shown)
        }
    }

    private mutating func takeContinuation(
        _ byte: UInt8, _ bytes: [UInt8], _ missing: Int, _ shown: inout [UInt8]
    ) {
        guard (0x80...0xbf).contains(byte) else {
            show(Self.replacement, &shown)
            state = .text
            takeText(byte, &shown)
            return
        }
        let bytes = bytes + [byte]
        guard missing == 1 else {
            state = .character(bytes: bytes, missing: missing - 1)
            return
        }
        state = .text
        guard let character = String(validating: bytes, as: UTF8.self)?.unicodeScalars.first else {
            show(Self.replacement, &shown)
            return
        }
        // U+0080 to U+009F are controls, some of them the beginnings of sequences.
        if character.value >= 0xa0 { show(bytes, &shown) }
    }

    private mutating func takeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "["): state = .control(parameters: [])
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            state = .string
        case Self.escape: state = .escape
        case 0x20...0x2f: state = .escapeIntermediate
        default: state = .text
        }
    }

    private mutating func takeControl(_ byte: UInt8, _ parameters: [UInt8]?, _ shown: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ";"):
            let parameters = parameters.flatMap { $0.count < Self.maximumParameters ? $0 + [byte] : nil }
            state = .control(parameters: parameters)
        case 0x20...0x3f: state = .control(parameters: nil)
        case 0x40...0x7e:
            if byte == UInt8(ascii: "m"), let parameters {
                isStyled = parameters.contains { $0 != UInt8(ascii: "0") && $0 != UInt8(ascii: ";") }
                show([Self.escape, UInt8(ascii: "[")] + parameters + [byte], &shown)
            }
            state = .text
        default: break
        }
    }
}
