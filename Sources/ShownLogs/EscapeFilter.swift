import Presentation

/// Passes only the text, colours and styles of one log to a terminal, on lines that another writer begins with a name.
///
/// What passes: valid UTF-8, tab, newline, carriage return, `ESC [ … m` (ECMA-48, SGR), and backspace as far as the line's
/// beginning (``LinePosition``). What does not: every other escape sequence with its contents, and control characters of
/// both sets. Bytes that are not UTF-8 and characters that nobody sees become U+FFFD, except U+200C and U+200D, which join
/// and part letters. Sequences can be cut anywhere between two calls.
///
/// Nothing hides more than its own line: a newline ends every sequence that has begun, and every style; a carriage return
/// ends the style. A carriage return before a newline is dropped: terminals add their own. After each call the terminal
/// shows no style (``LogStyle``), because anything can be printed before the next one.
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
    private var style = LogStyle()
    private var position = LinePosition()
    /// Whether the cursor goes to the line's beginning before the next character.
    private var holdsReturn = false

    /// Filters these bytes.
    mutating func filter(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var shown: [UInt8] = []
        for byte in bytes { take(byte, &shown) }
        style.pause(&shown)
        return shown
    }

    /// Another writer has ended this log's line.
    mutating func lineWasBroken() {
        style.forget()
        position = LinePosition()
        holdsReturn = false
    }

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

    private mutating func show(_ scalar: Unicode.Scalar, _ shown: inout [UInt8]) {
        showReturn(&shown)
        style.show(&shown)
        position.advance(over: scalar)
        if scalar.isASCII { shown.append(UInt8(scalar.value)) } else { shown += UTF8.encode(scalar)! }
    }

    private mutating func showReplacement(_ shown: inout [UInt8]) {
        show("\u{fffd}", &shown)
    }

    private mutating func showReturn(_ shown: inout [UInt8]) {
        guard holdsReturn else { return }
        holdsReturn = false
        // A name follows.
        style.pause(&shown)
        shown.append(0x0d)
    }

    private mutating func endLine(_ shown: inout [UInt8]) {
        style.end(&shown)
        position = LinePosition()
        holdsReturn = false
    }

    private mutating func takeText(_ byte: UInt8, _ shown: inout [UInt8]) {
        switch byte {
        case Self.escape: state = .escape
        case 0x0a:
            endLine(&shown)
            shown.append(byte)
        case 0x0d:
            style.forget()
            position = LinePosition()
            holdsReturn = true
        case 0x09:
            showReturn(&shown)
            position.tab()
            shown.append(byte)
        case 0x08:
            switch position.goBack() {
            case .nowhere: break
            case .oneColumn: shown.append(byte)
            // So it is there exactly, whatever the terminal's width.
            case .toStart: holdsReturn = true
            }
        case 0x20...0x7e: show(Unicode.Scalar(byte), &shown)
        case 0..<0x20, 0x7f: break
        case 0xc2...0xdf: state = .character(bytes: [byte], missing: 1)
        case 0xe0...0xef: state = .character(bytes: [byte], missing: 2)
        case 0xf0...0xf4: state = .character(bytes: [byte], missing: 3)
        default: showReplacement(&shown)
        }
    }

    private mutating func takeContinuation(
        _ byte: UInt8, _ bytes: [UInt8], _ missing: Int, _ shown: inout [UInt8]
    ) {
        guard (0x80...0xbf).contains(byte) else {
            showReplacement(&shown)
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
            showReplacement(&shown)
            return
        }
        // U+0080 to U+009F are controls, some of them the beginnings of sequences.
        guard character.value >= 0xa0 else { return }
        let isSeen = LinePosition.isSimple(character) || !character.isInvisible
        let isJoiner = character == "\u{200c}" || character == "\u{200d}"
        if isSeen || isJoiner { show(character, &shown) } else { showReplacement(&shown) }
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
            if byte == UInt8(ascii: "m"), let parameters { style.choose(parameters) }
            state = .text
        default: break
        }
    }
}
