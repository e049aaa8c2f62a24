import Presentation

/// A log and the names in it, on their way to a terminal. Text and colours pass, and nothing that a terminal acts on;
/// it does not matter how the bytes are cut.
func check(_ input: [UInt8]) {
    let log = Pieces(input)
    var filter = EscapeFilter()
    let shown = filter.filter(log.whole) + filter.finish()
    checkHarmless(shown)

    var second = EscapeFilter()
    promise(
        "the same text comes out in pieces",
        log.pieces.flatMap { second.filter($0) } + second.finish() == shown)
    var third = EscapeFilter()
    promise("what has been filtered passes", third.filter(shown) + third.finish() == shown)
    if isPlainText(log.whole) { promise("plain text passes as it is", shown.elementsEqual(log.whole)) }

    checkScreen(log, filtered: shown)
    checkTask(log)
    checkTwoLogs(log)
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

/// One task's log, line by line.
private func checkTask(_ log: Pieces) {
    var writer = LogWriter(raw: false)
    let printed = log.pieces.flatMap { writer.print($0, of: "build") }
    var whole = LogWriter(raw: false)
    promise("the same lines come out in pieces", whole.print(log.whole, of: "build") == printed)

    // Line ends stay, and each line follows the task's name.
    let prefix = Array("[build] ".utf8)
    var lines: [UInt8] = []
    var rest = printed[...]
    while let first = rest.first {
        if isLineEnd(first) {
            lines.append(rest.removeFirst())
            continue
        }
        let line = rest.prefix { !isLineEnd($0) }
        promise("a line is behind its task's name", line.starts(with: prefix))
        lines += line.dropFirst(prefix.count)
        rest = rest.dropFirst(line.count)
    }
    var filter = EscapeFilter()
    promise("no byte of a line is lost", lines == filter.filter(log.whole))
}

/// The pieces by turns from two logs.
private func checkTwoLogs(_ log: Pieces) {
    var writer = LogWriter(raw: false)
    var printed: [UInt8] = []
    for (index, piece) in log.pieces.enumerated() {
        printed += writer.print(piece, of: index % 2 == 0 ? ".job" : "build")
    }
    printed += writer.finish()
    checkHarmless(printed)
    promise("a log ends with a line end", printed.isEmpty || printed.last == UInt8(ascii: "\n"))
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
    }
}

/// Only tab, newline, carriage return, backspace and complete colour sequences.
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
        default:
            promise("no control character is shown", scalar.properties.generalCategory != .control)
        }
    }
}

private func isPlainText(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self) else { return false }
    return text.unicodeScalars.allSatisfy {
        $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
    }
}

private func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}
