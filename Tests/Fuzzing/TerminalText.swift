import Presentation

/// A log and the names in it, on their way to a terminal. Text and colours pass, and nothing else that a terminal acts on;
/// whatever a log does stays behind its name, on its own lines; it does not matter how the bytes are cut.
func check(_ input: [UInt8]) {
    let log = Pieces(input)
    var filter = EscapeFilter()
    let shown = filter.filter(log.whole)
    checkHarmless(shown)
    var second = EscapeFilter()
    promise("what has been filtered passes", second.filter(shown) == shown)
    if isPlainText(log.whole) { promise("plain text passes as it is", shown.elementsEqual(log.whole)) }

    checkScreen(log, filtered: shown)
    // The input chooses the terminal's width as well: a name and one character, or more.
    let width = 9 + Int(input.first ?? 0) >> 3
    for hasWideScalars in [false, true] {
        let screen = Screen(width: width, hasWideScalars: hasWideScalars)
        checkTask(log, on: screen)
        checkTwoLogs(log, on: screen)
    }
    checkMessage(String(decoding: log.whole, as: UTF8.self))
}

/// What a builder's program shows, unfiltered.
private func checkScreen(_ output: Pieces, filtered: [UInt8]) {
    var whole = TerminalChanges()
    output.whole.withUnsafeBytes { whole.take($0) }
    var cut = TerminalChanges()
    for piece in output.pieces { piece.withUnsafeBytes { cut.take($0) } }
    promise(
        "the screen is the same one in pieces",
        cut.isScreenTaken == whole.isScreenTaken && cut.isInSequence == whole.isInSequence
            && cut.undo == whole.undo)
    // What undoes the changes changes nothing itself, and leaves a line that is empty.
    Array(whole.undo.utf8).withUnsafeBytes { cut.take($0) }
    promise("nothing is left switched on", cut.undo.isEmpty)
    // CAN ends whatever has begun.
    [UInt8(0x18)].withUnsafeBytes { whole.take($0) }
    promise("no sequence lasts for ever", !whole.isInSequence)

    var log = TerminalChanges()
    filtered.withUnsafeBytes { log.take($0) }
    promise("a log takes no screen and leaves no sequence open", !log.isScreenTaken && !log.isInSequence)
}

/// One task's log.
private func checkTask(_ log: Pieces, on empty: Screen) {
    var (writer, screen) = (LogWriter(raw: false), empty)
    for piece in log.pieces {
        let line = screen.lineStarts.count - 1
        screen.take(writer.print(piece, of: "build"))
        checkLines(of: screen, since: line, names: ["[build]"])
    }
    var (whole, other) = (LogWriter(raw: false), empty)
    other.take(whole.print(log.whole, of: "build"))
    promise("the same is shown in pieces", screen == other)
    screen.take(writer.finish())
    promise("a log ends with a line end", screen.rows.last?.isEmpty == true)
}

/// The pieces by turns from two logs, and messages between them.
private func checkTwoLogs(_ log: Pieces, on empty: Screen) {
    let message = "sallyport"
    var (writer, screen) = (LogWriter(raw: false), empty)
    for (index, piece) in log.pieces.enumerated() {
        let line = screen.lineStarts.count - 1
        let printed = writer.print(piece, of: index.isMultiple(of: 2) ? "build" : "check")
        checkHarmless(printed)
        screen.take(printed)
        if index % 3 == 2 { screen.take(writer.breakLine() + Array("\(message)\n".utf8)) }
        checkLines(of: screen, since: line, names: ["[build]", "[check]", message])
    }
    let line = screen.lineStarts.count - 1
    screen.take(writer.finish())
    checkLines(of: screen, since: line, names: ["[build]", "[check]", message])
    promise("a log ends with a line end", screen.rows.last?.isEmpty == true)
}

/// Each line begins with a name, as it was written: nothing of a log is before it or over it, and no style is in it.
private func checkLines(of screen: Screen, since line: Int, names: [String]) {
    promise("nothing that is printed now has a style", !screen.isStyled)
    // Those above the cursor stay as they are.
    for row in screen.lineStarts.dropFirst(line) {
        guard let cells = screen.beginning(ofRow: row, screen.width) else { continue }
        promise(
            "a line begins with a name",
            names.contains { name in
                cells.starts(with: name.unicodeScalars.map { Screen.Cell(scalar: $0, isStyled: false) })
            })
    }
}

private func checkMessage(_ text: String) {
    let message = HostileText.printable(text, limit: 100).unicodeScalars
    promise("a message has at most the length allowed, and an ellipsis", message.count <= 101)
    for scalar in message {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            promise("a message is one line of what can be seen", false)
        default: break
        }
        promise("nothing turns the direction of a message", !scalar.properties.isBidiControl)
        promise("nothing is hidden in a message", !isHidden(scalar))
    }
}

/// Only tab, newline, carriage return, backspace and complete colour sequences; nothing that is invisible or changes the
/// direction, but for the two characters that join and part letters.
private func checkHarmless(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        return promise("what is shown is UTF-8", false)
    }
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
        switch scalar {
        case "\t", "\n", "\r", "\u{8}": break
        case "\u{1b}":
            promise("an escape is the beginning of a colour", rest.popFirst() == "[")
            rest = rest.drop { "0123456789:;".unicodeScalars.contains($0) }
            promise("a colour is complete", rest.popFirst() == "m")
        case "\u{200c}", "\u{200d}": break
        default:
            promise("no control character is shown", scalar.properties.generalCategory != .control)
            promise("no format character is shown", scalar.properties.generalCategory != .format)
            promise("nothing ends a line in secret", !["\u{2028}", "\u{2029}"].contains(scalar))
            promise("nothing turns the direction", !scalar.properties.isBidiControl)
            promise("nothing is hidden", !isHidden(scalar))
        }
    }
}

/// Whether readers see nothing of it; the variation selectors that people write change what is before them.
private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isDefaultIgnorableCodePoint && !(0xfe00...0xfe0f).contains(scalar.value)
}

private func isPlainText(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control: scalar == "\n" || scalar == "\t"
        case .format, .lineSeparator, .paragraphSeparator: false
        default: !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
