import Glibc

/// What programs on the builder have switched on in the person's terminal, and how to switch it off again.
///
/// It is given everything that the terminal receives, in any pieces. It knows the modes of ECMA-48, DEC and xterm, the
/// keyboard protocols of kitty and xterm, character sets, colours and styles, in the 7-bit forms that programs send in
/// UTF-8. What only describes the screen's contents, or the window, stays as it is: text, titles, positions.
struct TerminalChanges {
    /// Private modes that are on in a terminal in which nothing has been changed.
    private static let onByDefault: Set<Int> = [7, 8, 25]
    /// Private modes that are people's own settings, which programs switch on again and again, or no modes at all.
    private static let preferences: Set<Int> = [12, 1034, 1035, 1036, 1039, 1042, 1043, 1048]
    private static let alternateScreens = [47, 1047, 1049]
    /// The most that is remembered of one kind. Nobody has this many.
    private static let limit = 64

    private var parser = ControlSequence.Parser()
    /// The private modes that are not as they usually are (DECSET).
    private var privateModes: Set<Int> = []
    /// The same for modes without a prefix: insert, keyboard locked, no local echo, newline.
    private var modes: Set<Int> = []
    /// The mode with which the alternate screen was entered.
    private var alternateScreen: Int?
    private var keyboards = (normal: Keyboard(), alternate: Keyboard())
    /// xterm's resources for keys (XTMODKEYS) that have been set.
    private var keyResources: Set<Int> = []
    private var hasKeypad = false
    private var hasMargins = false
    private var hasStyle = false
    private var hasCursorStyle = false
    private var hasTabStops = false
    private var hasLink = false
    private var hasProgress = false
    private var isShifted = false
    /// The intermediates that name the character sets G0 to G3 that are not ASCII.
    private var characterSets: Set<UInt8> = []
    /// The numbers of the OSC that give the colours back.
    private var colours: Set<Int> = []
    /// Whether nothing has been printed on the cursor's line.
    private var isLineEmpty = true
    private var wasLineEmpty = true

    /// The keyboard's flags of one screen (the protocol of kitty).
    private struct Keyboard {
        var pushed = 0
        var isSet = false

        var undo: String { (isSet ? "\u{1b}[=0u" : "") + (pushed > 0 ? "\u{1b}[<\(pushed)u" : "") }
    }

    /// Whether an editor, a pager or the like shows its own screen.
    var isScreenTaken: Bool { alternateScreen != nil }

    /// Whether bytes written now would become part of a sequence that has begun.
    var isInSequence: Bool { !parser.isInText }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var index = 0
        while index < bytes.count {
            if parser.isInText {
                let found = memchr(base + index, 0x1b, bytes.count - index).map {
                    UnsafeRawPointer($0) - base
                }
                let end = found ?? bytes.count
                takeText(UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
                guard found != nil else { return }
                index = end
            }
            if let sequence = parser.take(bytes[index]) { take(sequence) }
            index += 1
        }
    }

    /// What switches everything off, and puts the cursor at the beginning of a line; empty if there is nothing to do.
    var undo: String {
        // CAN ends a sequence without effect, and ST those that a terminal does not end then.
        var text = isInSequence ? "\u{18}\u{1b}\\" : ""
        for mode in privateModes.sorted(by: >) {
            text += "\u{1b}[?\(mode)\(Self.onByDefault.contains(mode) ? "h" : "l")"
        }
        for mode in modes.sorted() { text += "\u{1b}[\(mode)\(mode == 12 ? "h" : "l")" }
        if let alternateScreen { text += keyboards.alternate.undo + "\u{1b}[?\(alternateScreen)l" }
        text += keyboards.normal.undo
        text += keyResources.sorted().map { "\u{1b}[>\($0)m" }.joined()
        if hasKeypad { text += "\u{1b}>" }
        if isShifted { text += "\u{f}" }
        for set in characterSets.sorted() {
            text += set == UInt8(ascii: "%") ? "\u{1b}%G" : "\u{1b}\(Character(UnicodeScalar(set)))B"
        }
        if hasLink { text += "\u{1b}]8;;\u{1b}\\" }
        if hasProgress { text += "\u{1b}]9;4;0\u{1b}\\" }
        text += colours.sorted().map { "\u{1b}]\($0)\u{1b}\\" }.joined()
        if hasTabStops { text += "\u{1b}[?5W" }
        if hasCursorStyle { text += "\u{1b}[0 q" }
        if hasStyle { text += "\u{1b}[0m" }
        // These two have put the cursor into the first line.
        let isAtTop = hasMargins || privateModes.contains(6)
        if hasMargins { text += "\u{1b}[r" }
        if isAtTop { text += "\u{1b}[999;1H" }
        // Not every terminal puts the cursor back where it was before.
        let isAtLineStart = isLineEmpty && !isAtTop && alternateScreen == nil
        return text + (isAtLineStart ? "" : "\r\n")
    }

    // MARK: What the terminal receives

    private mutating func takeText(_ text: UnsafeRawBufferPointer) {
        guard let base = text.baseAddress, !text.isEmpty else { return }
        // SO and SI.
        if memchr(base, 0x0e, text.count) != nil || memchr(base, 0x0f, text.count) != nil {
            isShifted = text.last { $0 == 0x0e || $0 == 0x0f } == 0x0e
        }
        // What moves the cursor back to the margin leaves the line as it is.
        if let last = text.last(where: { $0 == 0x0a || $0 >= 0x20 || $0 == 0x09 }) {
            isLineEmpty = last == 0x0a
        }
    }

    private mutating func take(_ sequence: ControlSequence) {
        switch sequence {
        case .escape(nil, UInt8(ascii: "c")): self = TerminalChanges()
        case .escape(nil, UInt8(ascii: "=")): hasKeypad = true
        case .escape(nil, UInt8(ascii: ">")): hasKeypad = false
        case .escape(nil, UInt8(ascii: "H")): hasTabStops = true
        // The locking shifts of G2 and G3.
        case .escape(nil, UInt8(ascii: "n")), .escape(nil, UInt8(ascii: "o")): isShifted = true
        case .escape(UInt8(ascii: "%"), let final):
            change(&characterSets, UInt8(ascii: "%"), isOn: final == UInt8(ascii: "@"))
        case .escape(let set?, let final) where (0x28...0x2b).contains(set):
            change(&characterSets, set, isOn: final != UInt8(ascii: "B"))
        case .escape: break
        case .control(let control): take(control)
        case .string(UInt8(ascii: "]"), let text): takeCommand(String(decoding: text, as: UTF8.self))
        case .string: break
        }
    }

    private mutating func take(_ control: ControlSequence.Control) {
        let parameters = control.parameters
        let first = parameters.first ?? 0
        switch (control.prefix, control.intermediate, Character(UnicodeScalar(control.final))) {
        case (UInt8(ascii: "?"), nil, "h"): for mode in parameters { setPrivate(mode, isOn: true) }
        case (UInt8(ascii: "?"), nil, "l"): for mode in parameters { setPrivate(mode, isOn: false) }
        case (nil, nil, "h"): for mode in parameters { change(&modes, mode, isOn: mode != 12) }
        case (nil, nil, "l"): for mode in parameters { change(&modes, mode, isOn: mode == 12) }
        case (nil, nil, "m"): hasStyle = parameters.contains { $0 != 0 }
        case (nil, nil, "r"):
            hasMargins = !parameters.allSatisfy { $0 == 0 }
            isLineEmpty = false
        case (nil, nil, "g"): hasTabStops = true
        case (UInt8(ascii: "?"), nil, "W"): if first == 5 { hasTabStops = false }
        case (nil, UInt8(ascii: " "), "q"): hasCursorStyle = first != 0
        case (UInt8(ascii: ">"), nil, "m"): change(&keyResources, first, isOn: parameters.count > 1)
        case (UInt8(ascii: ">"), nil, "n"): change(&keyResources, first, isOn: true)
        case (UInt8(ascii: ">"), nil, "u"): changeKeyboard { $0.pushed = min($0.pushed + 1, 999) }
        case (UInt8(ascii: "<"), nil, "u"): changeKeyboard { $0.pushed = max(0, $0.pushed - max(first, 1)) }
        case (UInt8(ascii: "="), nil, "u"): changeKeyboard { $0.isSet = parameters.contains { $0 != 0 } }
        case (nil, nil, "H"), (nil, nil, "f"): isLineEmpty = parameters.count < 2 || parameters[1] <= 1
        case (nil, nil, "E"), (nil, nil, "F"): isLineEmpty = true
        case (nil, nil, "A"), (nil, nil, "B"), (nil, nil, "C"), (nil, nil, "D"), (nil, nil, "d"),
            (nil, nil, "u"):
            isLineEmpty = false
        default: break
        }
    }

    private mutating func setPrivate(_ mode: Int, isOn: Bool) {
        if Self.alternateScreens.contains(mode) {
            if isOn, alternateScreen == nil { wasLineEmpty = isLineEmpty }
            if !isOn, alternateScreen != nil { isLineEmpty = wasLineEmpty }
            alternateScreen = isOn ? mode : nil
        } else if !Self.preferences.contains(mode) {
            change(&privateModes, mode, isOn: isOn != Self.onByDefault.contains(mode))
        }
    }

    private mutating func changeKeyboard(_ change: (inout Keyboard) -> Void) {
        if isScreenTaken { change(&keyboards.alternate) } else { change(&keyboards.normal) }
    }

    /// An operating system command.
    private mutating func takeCommand(_ text: String) {
        let words = text.split(separator: ";", maxSplits: 2, omittingEmptySubsequences: false)
        guard let number = Int(words[0]) else { return }
        switch number {
        // A question changes nothing.
        case 4, 5, 10...19: if !text.hasSuffix(";?") { colours.insert(100 + number) }
        case 104, 105, 110...119: if words.count == 1 { colours.remove(number) }
        case 8: hasLink = words.count > 2 && !words[2].isEmpty
        case 9 where words.count > 2 && words[1] == "4": hasProgress = !words[2].hasPrefix("0")
        default: break
        }
    }

    private func change<Element>(_ set: inout Set<Element>, _ element: Element, isOn: Bool) {
        if !isOn { set.remove(element) } else if set.count < Self.limit { set.insert(element) }
    }
}
