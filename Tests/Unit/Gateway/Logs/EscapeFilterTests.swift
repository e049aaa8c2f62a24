import BuildAPI
import Testing

@testable import Gateway

/// What a terminal gets to see of a job's logs.
@Suite struct EscapeFilterTests {
    static let escapes: [(String, String)] = [
        ("plain é 漢 🙂\t\r\n\u{8}", "plain é 漢 🙂\t\n\u{8}"),
        ("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
        ("\u{1b}[38:2::1:2:3mx", "\u{1b}[38:2::1:2:3mx"),
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
        ("\u{1b}\u{1b}[31mx", "\u{1b}[31mx"),
        // Nothing hides more than its own line: sequences without an end, of whatever sort.
        ("\u{1b}]0;half\nnext", "\nnext"), ("\u{1b}Pq\nnext", "\nnext"), ("\u{1b}Xs\r\nnext", "\nnext"),
        ("\u{1b}^p\nnext", "\nnext"), ("\u{1b}_a\nnext", "\nnext"), ("\u{1b}\nnext", "\nnext"),
        ("\u{1b}(\nnext", "\nnext"), ("\u{1b}]0;t\u{1b}\nnext", "\nnext"),
        ("\u{1b}]0;half\u{18}next", "next"), ("\u{1b}[31\u{1a}next", "next"),
        ("\u{1b}]0;half\u{1b}[31mred", "\u{1b}[31mred"), ("\u{1b}]0;half\u{1b}cnext", "next"),
        ("\u{1b}]52;c;\(String(repeating: "A", count: 300_000))\u{7}next", "next"),
        // Nor do styles: what is concealed, or black on black.
        ("\u{1b}[8mhidden\nnext", "\u{1b}[8mhidden\u{1b}[0m\nnext"),
        ("\u{1b}[30;40mhidden\r\nnext\n", "\u{1b}[30;40mhidden\u{1b}[0m\nnext\n"),
        ("\u{1b}[1mbold\u{1b}[m\nnext", "\u{1b}[1mbold\u{1b}[m\nnext"),
    ]

    /// In one piece, and byte by byte: a sequence may be cut anywhere.
    @Test(arguments: escapes) func onlyColoursPass(text: String, shown: String) {
        var whole = EscapeFilter()
        #expect(String(decoding: whole.filter(text.utf8), as: UTF8.self) == shown)
        var single = EscapeFilter()
        #expect(String(decoding: text.utf8.flatMap { single.filter([$0]) }, as: UTF8.self) == shown)
    }

    @Test(
        arguments: [
            ([0xff], "\u{fffd}"), ([0x61, 0x9b, 0x62], "a\u{fffd}b"), ([0xc3, 0x28], "\u{fffd}("),
            ([0xed, 0xa0, 0x80], "\u{fffd}"), ([0xf5], "\u{fffd}"), ([0xe2, 0x82], "\u{fffd}"),
        ] as [([UInt8], String)])
    func whatIsNotUTF8IsReplaced(bytes: [UInt8], shown: String) {
        var filter = EscapeFilter()
        #expect(String(decoding: filter.filter(bytes) + filter.finish(), as: UTF8.self) == shown)
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

    @Test func rawLogsPassAsTheyAre() {
        var writer = LogWriter(raw: true)
        let bytes: [UInt8] = [0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0a]
        #expect(writer.print(bytes, of: LogName.job) == bytes)
    }
}
