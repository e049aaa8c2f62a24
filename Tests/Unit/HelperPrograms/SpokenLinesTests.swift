import Testing

@testable import HelperPrograms

@Suite("What a program says") struct SpokenLinesTests {
    private func lines(_ pieces: [String]) -> (lines: [String], tail: String) {
        var spoken = SpokenLines()
        let lines = pieces.flatMap { spoken.append(Array($0.utf8)) }
        return (lines + spoken.finish(), spoken.tail)
    }

    @Test("lines arrive complete, however they were written")
    func pieces() {
        #expect(lines(["a", "b\nc\r", "\r\n\n", "d"]).lines == ["ab", "c", "d"])
        #expect(lines([]).lines == [])
        var spoken = SpokenLines()
        #expect(spoken.append(Array("10 %\r20".utf8)) == ["10 %"])
        #expect(spoken.append(Array(" %\n".utf8)) == ["20 %"])
    }

    @Test("a long line is cut, and so are many lines")
    func limits() {
        let long = String(repeating: "x", count: 5000)
        #expect(lines([long, long + "\nnext\n"]).lines == [String(repeating: "x", count: 400), "next"])
        let many = lines([String(repeating: "y\n", count: 2000)])
        #expect(many.lines.count == 501)
        #expect(many.lines.last == "(more lines are not shown)")
        let tail = lines(Array(repeating: "0123456789\n", count: 5000) + ["the end"]).tail
        #expect(tail.utf8.count == 4096)
        #expect(tail.hasSuffix("0123456789\nthe end"))
    }
}
