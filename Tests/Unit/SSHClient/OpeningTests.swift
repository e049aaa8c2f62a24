import Testing

@testable import SSHClient

/// The marker with which a builder says that its terminal is ready.
@Suite struct OpeningTests {
    private static let marker = Terminal.readyMarker

    @Test func theMarkerIsNotShown() {
        let output = Self.marker + Array("$ ".utf8)
        for cut in 0...output.count {
            #expect(
                Self.shown([Array(output[..<cut]), Array(output[cut...])]) == Array("$ ".utf8),
                "cut at \(cut)")
        }
    }

    @Test(arguments: ["$ ", "\u{1b}]0;title\u{7}", "\u{1b}]sallyporx", "\u{1b}"])
    func anythingElseIs(output: String) {
        let bytes = Array(output.utf8)
        #expect(Self.shown([bytes]) == bytes)
        #expect(Self.shown(bytes.map { [$0] }) == bytes)
    }

    /// Everything that a program's output begins with, as it is shown.
    private static func shown(_ pieces: [[UInt8]]) -> [UInt8] {
        var opening = Opening(marker: marker)
        var shown: [UInt8] = []
        var isOpen = true
        for piece in pieces {
            guard isOpen else {
                shown += piece
                continue
            }
            if let bytes = piece.withUnsafeBytes({ opening.take($0) }) {
                shown += bytes
                isOpen = false
            }
        }
        return shown + opening.rest
    }
}
