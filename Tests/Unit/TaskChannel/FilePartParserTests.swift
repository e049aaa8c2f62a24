import Provider
import TaskChannel
import Testing

/// What the script on a builder prints is read as it comes, and nothing else is.
@Suite("Files from a builder")
struct FilePartParserTests {
    /// Joins what arrived in pieces.
    private func read(_ text: String, inPiecesOf size: Int) throws -> (parts: [FilePart], isComplete: Bool) {
        var parser = FilePartParser()
        var parts: [FilePart] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            for part in try parser.take(Array(rest.prefix(size))) {
                if case .bytes(let more) = part, case .bytes(let before)? = parts.last {
                    parts[parts.count - 1] = .bytes(before + more)
                } else {
                    parts.append(part)
                }
            }
            rest = rest.dropFirst(size)
        }
        return (parts, parser.isComplete)
    }

    @Test("everything is read, in pieces of any size", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let text = """
            large 3000 a big one
            file 6 dist/a b
            one\ntwwhole
            file 0 empty
            whole
            file 1 x
            ychanged
            none 3
            link l
            other fifo
            unreadable secret
            many
            end

            """
        let (parts, isComplete) = try read(text, inPiecesOf: size)
        #expect(
            parts == [
                .omission(.tooLarge("a big one", size: 3000)), .file(name: "dist/a b", size: 6),
                .bytes(Array("one\ntw".utf8)), .end(isWhole: true), .file(name: "empty", size: 0),
                .end(isWhole: true), .file(name: "x", size: 1), .bytes(Array("y".utf8)), .end(isWhole: false),
                .omission(.noMatch(pattern: 3)), .omission(.link("l")), .omission(.notAFile("fifo")),
                .omission(.unreadable("secret")), .omission(.tooMany),
            ])
        #expect(isComplete)
    }

    @Test(
        "what ends early is not complete", arguments: ["", "file 6 a\nabc", "file 1 a\nx", "none 0\n", "en"])
    func incomplete(text: String) throws {
        #expect(try !read(text, inPiecesOf: 100).isComplete)
    }

    @Test(
        "what is not of this form is an error",
        arguments: [
            "hello\n", "file x a\n", "file -1 a\n", "file 99999999999999999999 a\n", "file 1\n", "none x\n",
            "none\n", "end \n", "end\nend\n", "file 1 a\nxmaybe\n", "file 1125899906842625 a\n", "\n",
            String(repeating: "x", count: 5000),
        ])
    func malformed(text: String) throws {
        #expect(throws: BuilderError.self) { try read(text, inPiecesOf: 64) }
    }
}
