import Presentation
import Testing

/// Rows in columns.
@Suite struct TableTests {
    @Test func columnsAreAsWideAsTheyNeedToBe() {
        var table = Table(["ID", "NAME"], indent: 1)
        table.add(["1", "alice"])
        table.add(["12345", ""])
        #expect(table.lines == [" ID     NAME", " 1      alice", " 12345"])
        #expect(table.text == " ID     NAME\n 1      alice\n 12345\n")
    }

    @Test func theLastColumnIsCutWhereThereIsNoRoom() {
        var table = Table(["ID", "NOTE"], width: 12)
        table.add(["7", "0123456789"])
        table.add(["8", "01234567"])
        #expect(table.lines == ["ID  NOTE", "7   0123456…", "8   01234567"])
        var narrow = Table(["A LONG HEADING", "NOTE"], width: 10)
        narrow.add(["x", "12345"])
        #expect(narrow.lines[1] == "x               123…", "four characters at least")
    }

    @Test func cellsAreHostile() {
        var table = Table(["A", "B"])
        table.add(["\u{1b}[2J", "x\ny"])
        #expect(table.lines == ["A     B", "?[2J  x?y"])
    }
}
