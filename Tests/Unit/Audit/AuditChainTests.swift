import Testing

@testable import Audit

@Suite struct AuditChainTests {
    /// Lines as a file has them.
    private static func lines(_ count: Int) -> [String] {
        var lines: [String] = []
        var link: AuditLink?
        for number in 1...count {
            var record = AuditRecord(.verb)
            record[.job] = "\(number)"
            lines.append(record.line(after: link))
            link = AuditLink(ofLine: lines[number - 1].utf8)
        }
        return lines
    }

    private func faults(_ lines: some Sequence<String>) -> [AuditChain.Fault] {
        var chain = AuditChain()
        return lines.compactMap { chain.take($0.utf8) }
    }

    @Test func whatNobodyHasTouchedIsIntact() {
        var chain = AuditChain()
        for line in Self.lines(5) { #expect(chain.take(line.utf8) == nil) }
        #expect(chain.count == 5 && chain.first?.sequence == 1 && chain.last?.sequence == 5)
    }

    @Test func theOldestRecordsCanBeRemoved() {
        #expect(faults(Self.lines(5).dropFirst(2)).isEmpty)
    }

    @Test func aMissingRecordIsFound() {
        var lines = Self.lines(5)
        lines.remove(at: 2)
        #expect(faults(lines) == [.missing(after: 2, before: 4)])
    }

    @Test func aChangedRecordIsFound() {
        var lines = Self.lines(5)
        lines[2] = lines[2].replacing("\"3\"", with: "\"9\"")
        #expect(faults(lines) == [.changed(3)])
    }

    @Test func anotherOrderIsFound() {
        var lines = Self.lines(4)
        lines.swapAt(1, 2)
        #expect(faults(lines).contains(.outOfOrder(2, after: 3)))
    }

    @Test func aRecordThatComesTwiceIsFound() {
        let lines = Self.lines(3)
        #expect(faults(lines + lines.suffix(1)) == [.outOfOrder(3, after: 3)])
    }

    @Test func aLineThatIsNoRecordIsFound() {
        var lines = Self.lines(3)
        lines.insert("{\"v\":1,\"se", at: 1)
        #expect(faults(lines) == [.unreadable])
    }

    @Test func aBeginningThatHidesOthersIsFound() {
        let line = AuditRecord(.verb).line(after: AuditLink(sequence: 0, hash: "b"))
        #expect(faults([line]) == [.changed(1)])
    }
}
