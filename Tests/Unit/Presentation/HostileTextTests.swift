import BuildAPI
import Foundation
import Presentation
import Testing

/// Hostile text, before anyone reads it.
@Suite struct HostileTextTests {
    @Test func aMessageIsOneLine() {
        #expect(HostileText.printable("a\nb\u{1b}[31m\u{202e}\u{9b}é") == "a?b?[31m??é")
        #expect(HostileText.printable(String(repeating: "x", count: 10), limit: 3) == "xxx…")
    }

    @Test func jsonIsHarmlessAndSaysTheSame() throws {
        let text = "plain é 漢 🙂 \u{9b}31m \u{7f} \u{202e} \u{feff} \u{1b} \" \\"
        let shown = try HostileText.json([text])
        #expect(shown.hasPrefix("[\"plain é 漢 🙂 \\u009b31m \\u007f \\u202e \\ufeff "))
        #expect(try JSON.decode([String].self, from: Data(shown.utf8)) == [text])
    }

    /// Zero width, soft hyphen, a tag, private use, unassigned, Arabic letter mark, a variation of the line's end, a
    /// letter without a form, marks that are never shown.
    @Test(arguments: [
        "\u{200b}", "\u{200d}", "\u{ad}", "\u{e0041}", "\u{e000}", "\u{378}", "\u{61c}", "\u{2028}", "\u{85}",
        "\u{0}",
        "\u{2066}", "\u{feff}", "\u{fff9}", "\u{1d173}", "\u{10ffff}", "\u{3164}", "\u{ffa0}",
        "\u{34f}", "\u{e0100}", "\u{e01ef}", "\u{180b}", "\u{17b4}",
    ])
    func whatNobodySeesBecomesAQuestionMark(text: String) throws {
        #expect(HostileText.printable("a\(text)b") == "a?b")
        let shown = try HostileText.json([text])
        #expect(shown.utf8.allSatisfy { (0x20..<0x7f).contains($0) }, "\(shown)")
        #expect(try JSON.decode([String].self, from: Data(shown.utf8)) == [text])
    }

    @Test(arguments: ["plain", "é", "漢字", "🙂", "a\u{300}", "❤\u{fe0f}", "~@#§", "עברית", "العربية", "नमस्ते"])
    func letters(text: String) {
        #expect(HostileText.printable(text) == text)
    }
}

/// Limits, in sentences.
@Suite struct SpokenSizeTests {
    @Test(
        arguments: [
            (1, "1 byte"), (1000, "1000 bytes"), (1 << 20, "1 MB"), (1_992_295, "1.9 MB"),
            (100 << 20, "100 MB"),
            (1 << 30, "1 GB"), (3 << 29, "1536 MB"), (1 << 20 + 1, "1 MB"),
        ] as [(Int64, String)])
    func aLimitIsAtMostATenthOfAMegabyteLess(bytes: Int64, words: String) {
        #expect(SpokenSize.words(bytes) == words)
    }
}
