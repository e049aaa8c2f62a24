import Testing

@testable import Gateway

/// Whether an editor or the like has taken the screen.
@Suite struct AlternateScreenTests {
    static let outputs: [(String, Bool)] = [
        ("plain text é 漢", false),
        ("\u{1b}[?1049h", true), ("\u{1b}[?1047h", true), ("\u{1b}[?47h", true),
        ("\u{1b}[?1049h~\r\n~\u{1b}[?25l", true),
        ("\u{1b}[?1049h\u{1b}[?1049l", false), ("\u{1b}[?1049h\u{1b}[?47l", false),
        ("\u{1b}[?1049;25h", true), ("\u{1b}[?25;1049h", true), ("\u{1b}[?1;1049;25h", true),
        ("\u{1b}[?1049hx\u{1b}cy", false),
        ("\u{1b}[1049h", false), ("\u{1b}[?10490h", false), ("\u{1b}[?1049$p", false),
        ("\u{1b}[?25h", false), ("\u{1b}[?h", false), ("\u{1b}[?1049", false), ("\u{1b}[>1049h", false),
        ("\u{1b}[?1049h\u{1b}[!p", true),
        ("\u{1b}[?1049h\u{1b}[3;1H\u{1b}[31mred\u{1b}(B\u{1b}7", true),
        ("\u{1b}[?99999999999999999999999991049h", false),
        ("\u{1b}]0;[?1049h\u{7}", false), ("\u{1b}Pc[?1049h\u{1b}\\", false),
        ("\u{1b}]0;title\u{7}\u{1b}[?1049h", true), ("\u{1b}]0;title\u{1b}\\\u{1b}[?1049h", true),
        ("\u{1b}[?10\u{18}49h", false), ("\u{1b}[?10\u{1b}[?1049h", true), ("\u{1b}[?10\r49h", true),
        ("\u{1b}\u{1b}[?1049h", true), ("\u{1b}[?1049h\u{1b}[?1048l", true),
    ]

    /// In one piece, byte by byte, and in two pieces cut anywhere.
    @Test(arguments: outputs) func itIsSeen(output: String, isShown: Bool) {
        let bytes = Array(output.utf8)
        #expect(Self.screen(bytes.map { [$0] }).isShown == isShown)
        for cut in 0...bytes.count {
            let screen = Self.screen([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(screen.isShown == isShown, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        ("text", false), ("\u{1b}", true), ("\u{1b}[", true), ("\u{1b}[3", true), ("\u{1b}[3m", false),
        ("\u{1b}]0;t", true), ("\u{1b}]0;t\u{7}", false), ("\u{1b}]0;t\u{1b}", true),
        ("\u{1b}]0;t\u{1b}\\", false), ("\u{1b}(", true), ("\u{1b}(B", false), ("\u{1b}7", false),
        ("\u{1b}[3\u{18}", false), ("\u{1b}[?1049h", false),
    ]) func whatHasBegunIsNotBrokenInto(output: String, isInSequence: Bool) {
        #expect(Self.screen([Array(output.utf8)]).isInSequence == isInSequence)
    }

    private static func screen(_ pieces: [[UInt8]]) -> AlternateScreen {
        var screen = AlternateScreen()
        for piece in pieces { piece.withUnsafeBytes { screen.take($0) } }
        return screen
    }
}
