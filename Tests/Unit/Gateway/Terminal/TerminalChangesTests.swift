import Testing

@testable import Gateway

/// What a person's terminal is left with, after programs on the builder have used it.
@Suite struct TerminalChangesTests {
    /// Outputs of programs, and whether one of them has the screen.
    static let screens: [(String, Bool)] = [
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
        ("\u{1b}]0;no end\u{1b}[?1049h", true),
    ]

    /// In one piece, byte by byte, and in two pieces cut anywhere.
    @Test(arguments: screens) func aTakenScreenIsSeen(output: String, isTaken: Bool) {
        let bytes = Array(output.utf8)
        #expect(Self.changes(bytes.map { [$0] }).isScreenTaken == isTaken)
        for cut in 0...bytes.count {
            let changes = Self.changes([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(changes.isScreenTaken == isTaken, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        ("text", false), ("\u{1b}", true), ("\u{1b}[", true), ("\u{1b}[3", true), ("\u{1b}[3m", false),
        ("\u{1b}]0;t", true), ("\u{1b}]0;t\u{7}", false), ("\u{1b}]0;t\u{1b}", true),
        ("\u{1b}]0;t\u{1b}\\", false), ("\u{1b}(", true), ("\u{1b}(B", false), ("\u{1b}7", false),
        ("\u{1b}[3\u{18}", false), ("\u{1b}[?1049h", false),
    ]) func whatHasBegunIsNotBrokenInto(output: String, isInSequence: Bool) {
        #expect(Self.changes([Array(output.utf8)]).isInSequence == isInSequence)
    }

    /// `\e` stands for ESC, `\a` for BEL, `\c` for CAN.
    static let undone: [(output: String, undo: String)] = [
        ("", ""), ("text\r\n", ""), (#"\e[31mred\e[0m\#r\#n"#, ""), (#"\e[2J\e[H"#, ""),
        // Whatever was switched on: the mouse, focus, pasting, keys, synchronised output.
        (#"\e[?1000h\e[?1006h"#, #"\e[?1006l\e[?1000l"#),
        (#"\e[?1000;1002;1003h\e[?1003;1002l"#, #"\e[?1000l"#),
        (#"\e[?2004h"#, #"\e[?2004l"#), (#"\e[?1h\e="#, #"\e[?1l\e>"#), (#"\e[?2026h"#, #"\e[?2026l"#),
        (#"\e[?1004h\e[?1004l"#, ""), (#"\e[?5h"#, #"\e[?5l"#), (#"\e[?9h"#, #"\e[?9l"#),
        // Whatever was switched off.
        (#"\e[?25l"#, #"\e[?25h"#), (#"\e[?7l\e[?25l\e[?25h"#, #"\e[?7h"#),
        // People's own settings stay.
        (#"\e[?1034h\e[?12h\e[?1048h"#, ""),
        // Modes without a question mark.
        (#"\e[4h"#, #"\e[4l"#), (#"\e[2h"#, #"\e[2l"#), (#"\e[12l"#, #"\e[12h"#), (#"\e[20h"#, #"\e[20l"#),
        // The screen, and what each screen has of its own.
        (#"\e[?1049h~"#, #"\e[?1049l\#r\#n"#), (#"\e[?47h\e[5;3H"#, #"\e[?47l\#r\#n"#),
        (#"\e[?1049h\e[>1u\e[>3u"#, #"\e[<2u\e[?1049l\#r\#n"#),
        (#"\e[>1u\e[?1049h\e[>1u\e[<u"#, #"\e[?1049l\e[<1u\#r\#n"#),
        (#"\e[=5;1u"#, #"\e[=0u"#), (#"\e[=5;1u\e[=0u"#, ""),
        (#"$ \e[?1049h~\e[?1049l"#, "\r\n"), (#"\e[?1049h~\e[?1049l"#, ""),
        // xterm's keys, the cursor's form, tabs, character sets.
        (#"\e[>4;2m"#, #"\e[>4m"#), (#"\e[>4;2m\e[>4m"#, ""), (#"\e[5 q"#, #"\e[0 q"#), (#"\e[5 q\e[ q"#, ""),
        (#"\e[3g"#, #"\e[?5W"#), (#"\e(0"#, #"\e(B"#), (#"\e(0qq\e(B\#n"#, ""), (#"\e%@"#, #"\e%G"#),
        // Colours of the terminal, links, progress.
        (#"\e]11;#000000\a"#, #"\e]111\e\"#), (#"\e]11;?\a"#, ""), (#"\e]4;1;red\e\"#, #"\e]104\e\"#),
        (#"\e]11;red\a\e]111\a"#, ""), (#"\e]8;;http://x\alink\#r\#n"#, #"\e]8;;\e\"#),
        (#"\e]8;;x\a\e]8;;\a"#, ""),
        (#"\e]9;4;1;50\a"#, #"\e]9;4;0\e\"#), (#"\e]0;title\a"#, ""),
        // Styles: an underline with a subparameter is one, and a reset is not.
        (#"\e[1;31m"#, #"\e[0m"#), (#"\e[4:3m"#, #"\e[0m"#), (#"\e[31m\e[m"#, ""), (#"\e[>31m"#, ""),
        // What would make the cursor jump to the top.
        (#"\e[2;10r"#, #"\e[r\e[999;1H\#r\#n"#), (#"\e[2;10r\e[r\#n"#, ""),
        (#"\e[?6h"#, #"\e[?6l\e[999;1H\#r\#n"#),
        // Text goes on at the beginning of a line.
        ("abc", "\r\n"), ("abc\n", ""), ("50 %\r", "\r\n"), ("abc\r\n\u{7}", ""), (#"abc\e[0m"#, "\r\n"),
        (#"abc\e[5;1H"#, ""), (#"abc\#n\e[5;9H"#, "\r\n"), (#"\e[3A"#, "\r\n"), ("\t", "\r\n"), ("é", "\r\n"),
        // A sequence without its end; a reset.
        (#"\e]0;half"#, #"\c\e\"#), (#"\e[?10"#, #"\c\e\"#), (#"\e]5;x"#, #"\c\e\"#),
        (#"\e[?1000h\e[31mx\ec"#, ""),
    ]

    @Test(arguments: undone) func whatIsLeftOnIsSwitchedOff(output: String, undo: String) {
        let bytes = Array(Self.spelled(output).utf8)
        for pieces in [[bytes], bytes.map { [$0] }] {
            var changes = Self.changes(pieces)
            #expect(changes.undo == Self.spelled(undo))
            Array(changes.undo.utf8).withUnsafeBytes { changes.take($0) }
            #expect(changes.undo == "", "after it nothing is left to do")
        }
    }

    /// A program can name as many modes as it likes.
    @Test func whatIsRememberedHasABound() {
        let output = (0..<100_000).map { "\u{1b}[?\($0 + 3000)h\u{1b}[>\($0);1m\u{1b}]\($0);x\u{7}" }.joined()
        #expect(Self.changes([Array(output.utf8)]).undo.utf8.count < 2000)
    }

    private static func spelled(_ text: String) -> String {
        text.replacing("\\e", with: "\u{1b}").replacing("\\a", with: "\u{7}").replacing("\\c", with: "\u{18}")
    }

    private static func changes(_ pieces: [[UInt8]]) -> TerminalChanges {
        var changes = TerminalChanges()
        for piece in pieces { piece.withUnsafeBytes { changes.take($0) } }
        return changes
    }
}
