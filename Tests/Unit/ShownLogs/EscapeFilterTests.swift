import BuildAPI
import Testing

@testable import ShownLogs

/// What a terminal gets to see of a job's logs.
@Suite struct EscapeFilterTests {
    static let escapes: [(String, String)] = [
        ("plain é 漢 🙂\t\r\n\u{8}", "plain é 漢 🙂\t\n"),
        ("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
        ("\u{1b}[38:2::1:2:3mx", "\u{1b}[38:2::1:2:3mx\u{1b}[0m"),
        ("\u{1b}[2Jx\u{1b}[H", "x"),
        ("\u{1b}[6nx", "x"),
        ("\u{1b}[>4mx", "x"),
        ("\u{1b}[?25lx", "x"),
        ("\u{1b}]0;title\u{7}x", "x"),
        ("\u{1b}]52;c;ZXZpbA==\u{1b}\\x", "x"),
        ("\u{1b}P$q\u{1b}\\x\u{1b}_a\u{1b}\\y\u{1b}^b\u{1b}\\z", "xyz"),
        ("\u{1b}(0x\u{1b}cy", "xy"),
        ("\u{9b}31mx\u{9d}0;t\u{9c}", "31mx0;t"),
        ("a\u{7}\u{0}\u{e}\u{7f}b", "ab"),
        ("\u{1b}[31\nnext", "\nnext"),
        ("\u{1b}\u{1b}[31mx", "\u{1b}[31mx\u{1b}[0m"),
        // Nothing hides more than its own line: sequences without an end, of whatever sort.
        ("\u{1b}]0;half\nnext", "\nnext"), ("\u{1b}Pq\nnext", "\nnext"), ("\u{1b}Xs\r\nnext", "\nnext"),
        ("\u{1b}^p\nnext", "\nnext"), ("\u{1b}_a\nnext", "\nnext"), ("\u{1b}\nnext", "\nnext"),
        ("\u{1b}(\nnext", "\nnext"), ("\u{1b}]0;t\u{1b}\nnext", "\nnext"),
        ("\u{1b}]0;half\u{18}next", "next"), ("\u{1b}[31\u{1a}next", "next"),
        ("\u{1b}]0;half\u{1b}[31mred", "\u{1b}[31mred\u{1b}[0m"), ("\u{1b}]0;half\u{1b}cnext", "next"),
        ("\u{1b}]52;c;\(String(repeating: "A", count: 300_000))\u{7}next", "next"),
        // Nor do styles: what is concealed, or black on black.
        ("\u{1b}[8mhidden\nnext", "\u{1b}[8mhidden\u{1b}[0m\nnext"),
        ("\u{1b}[30;40mhidden\r\nnext\n", "\u{1b}[30;40mhidden\u{1b}[0m\nnext\n"),
        ("\u{1b}[1mbold\u{1b}[m\nnext", "\u{1b}[1mbold\u{1b}[0m\nnext"),
        ("\u{1b}[1m1\u{1b}[31m2\u{1b}[0;4m3", "\u{1b}[1m1\u{1b}[31m2\u{1b}[0m\u{1b}[4m3\u{1b}[0m"),
        ("\u{1b}[8m\nnext\u{1b}[8m", "\nnext"),
        // A carriage return ends them too: a name follows.
        ("\u{1b}[8m50%\r100%", "\u{1b}[8m50%\u{1b}[0m\r100%"),
        ("50%\r\u{1b}[32m100%\n", "50%\r\u{1b}[32m100%\u{1b}[0m\n"),
    ]

    /// Marks of direction and what nobody sees, but for what joins letters and emoji.
    static let hidden: [(String, String)] = [
        ("a\u{202e}b\u{2066}c\u{200f}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
        ("a\u{200b}b\u{ad}c\u{feff}d\u{2060}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
        ("a\u{e0041}b\u{2028}c\u{fff9}d\u{3164}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
        ("👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم", "👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم"),
        // Fonts have their own signs there, and a newer Unicode others.
        ("\u{e0b0} \u{378}", "\u{e0b0} \u{378}"),
    ]

    /// Backspace goes no further than the line's beginning, which is a carriage return.
    static let backspaces: [(String, String)] = [
        ("\u{8}\u{8}x", "x"), ("ab\u{8}\u{8}\u{8}\u{8}x", "ab\u{8}\rx"), ("x\u{8}\n", "x\n"),
        ("10%\u{8}\u{8}\u{8}20%", "10%\u{8}\u{8}\r20%"), ("|\u{8}/\u{8}-", "|\r/\r-"),
        ("wait |\u{8}/\u{8}-\u{8}\\", "wait |\u{8}/\u{8}-\u{8}\\"),
        ("..|\u{8}.|\u{8}.|", "..|\u{8}.|\u{8}.|"),
        ("a\n\u{8}\u{8}b", "a\nb"), ("a\r\u{8}b", "a\rb"),
        // A tab need not move the cursor; marks, joined emoji and the vowels of Hangul do not.
        ("a\tbc\u{8}\u{8}\u{8}x", "a\tbc\u{8}x"), ("\t\u{8}x", "\tx"),
        ("a\u{300}\u{301}\u{8}\u{8}\u{8}x", "a\u{300}\u{301}\rx"),
        ("👩\u{200d}💻\u{8}\u{8}\u{8}x", "👩\u{200d}💻\rx"),
        ("\u{1112}\u{1161}\u{11ab}\u{8}\u{8}x", "\u{1112}\u{1161}\u{11ab}\rx"),
        ("\u{300}\u{8}x", "\u{300}x"), ("é漢字\u{8}\u{8}x", "é漢字\u{8}\u{8}x"),
        // Each time, the line may just have filled the terminal, which then goes back one column too far.
        ("abc\u{8}\u{8}cd\u{8}ef\u{8}\u{8}\u{8}\u{8}x", "abc\u{8}\u{8}cd\u{8}ef\u{8}\u{8}x"),
        // The style goes on, but not for the name.
        ("\u{1b}[31m|\u{8}/", "\u{1b}[31m|\u{1b}[0m\r\u{1b}[31m/\u{1b}[0m"),
    ]

    /// In one piece, and byte by byte: a sequence may be cut anywhere. Then styles end with each piece, and begin again.
    @Test(arguments: escapes + hidden + backspaces) func onlyColoursPass(text: String, shown: String) {
        var whole = EscapeFilter()
        #expect(String(decoding: whole.filter(text.utf8), as: UTF8.self) == shown)
        var single = EscapeFilter()
        let pieces = String(decoding: text.utf8.flatMap { single.filter([$0]) }, as: UTF8.self)
        #expect(Self.withoutStyles(pieces) == Self.withoutStyles(shown))
        var again = EscapeFilter()
        #expect(again.filter(Array(shown.utf8)) == Array(shown.utf8))
    }

    private static func withoutStyles(_ text: String) -> String {
        text.replacing(/\u{1b}\[[0-9:;]*m/, with: "")
    }

    @Test(
        arguments: [
            ([0xff], "\u{fffd}"), ([0x61, 0x9b, 0x62], "a\u{fffd}b"), ([0xc3, 0x28], "\u{fffd}("),
            ([0xed, 0xa0, 0x80], "\u{fffd}"), ([0xf5], "\u{fffd}"), ([0xe2, 0x82], "\u{fffd}"),
        ] as [([UInt8], String)])
    func whatIsNotUTF8IsReplaced(bytes: [UInt8], shown: String) {
        var writer = LogWriter(raw: false)
        let printed = writer.print(bytes, of: LogName.job) + writer.finish()
        #expect(String(decoding: printed, as: UTF8.self) == shown + "\n")
    }

    @Test func logsAreToldApart() {
        var writer = LogWriter(raw: false)
        var text = ""
        for (log, bytes) in [
            (LogName.job, "booting\n"), ("build", "one\ntw"), ("build", "o\n"), ("check", "par"),
            (LogName.job, "task check: started\n"), ("check", "tial\r50%\r100%\r\n"), ("check", "end"),
        ] {
            text += String(decoding: writer.print(bytes.utf8, of: log), as: UTF8.self)
        }
        text += String(decoding: writer.finish(), as: UTF8.self)
        #expect(
            text == "booting\n[build] one\n[build] two\n[check] par\ntask check: started\n"
                + "[check] tial\r[check] 50%\r[check] 100%\n[check] end\n")
    }

    /// A style ends where another log, or nothing, follows.
    @Test func aStyleIsItsLogsOwn() {
        var writer = LogWriter(raw: false)
        var text = ""
        for (log, bytes) in [("build", "\u{1b}[31mred"), ("check", "plain\n"), ("build", "\u{1b}[1mbold")] {
            text += String(decoding: writer.print(bytes.utf8, of: log), as: UTF8.self)
        }
        text += String(decoding: writer.finish(), as: UTF8.self)
        #expect(
            text == "[build] \u{1b}[31mred\u{1b}[0m\n[check] plain\n[build] \u{1b}[1mbold\u{1b}[0m\n")
    }

    /// Nothing that a log has begun reaches a message, another log or a name.
    @Test func aLineThatIsInterruptedGoesOnAfterItsName() {
        var writer = LogWriter(raw: false)
        func print(_ text: String, of log: String = "build") -> String {
            String(decoding: writer.print(text.utf8, of: log), as: UTF8.self)
        }
        #expect(print("\u{1b}[8mhid") == "[build] \u{1b}[8mhid\u{1b}[0m")
        #expect(print("den") == "\u{1b}[8mden\u{1b}[0m")
        #expect(writer.breakLine() == Array("\n".utf8) && writer.breakLine().isEmpty)
        #expect(print("\u{8}\u{8}seen\r") == "[build] seen")
        #expect(print("x", of: "check") == "\n[check] x")
        #expect(print("y\u{8}\u{8}\u{8}z") == "\n[build] y\r[build] z")
        #expect(
            print("\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}sallyport: no").hasSuffix(
                "\r[build] sallyport: no"))
        #expect(print("\u{1b}]0;half") == "" && writer.finish() == Array("\n".utf8))
    }

    @Test func rawLogsPassAsTheyAre() {
        var writer = LogWriter(raw: true)
        let bytes: [UInt8] = [0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0a]
        #expect(writer.print(bytes, of: LogName.job) == bytes)
    }
}
