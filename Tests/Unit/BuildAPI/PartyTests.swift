import BuildAPI
import FoundationEssentials
import Testing

/// People and groups, as API v1 writes them.
@Suite struct PartyTests {
    @Test(arguments: [
        (#"{"id":"1","name":"alice"}"#, Party.person(Person(id: "1", name: "alice"))),
        (#"{"group":"team","id":"@team","name":"@team"}"#, .group(Group(name: "team"))),
    ])
    func theyAreWrittenAndRead(text: String, party: Party) throws {
        #expect(String(decoding: try JSON.encode(party), as: UTF8.self) == text)
        #expect(try JSON.decode(Party.self, from: Data(text.utf8)) == party)
    }

    /// A reader of the first version takes a group for a person who is nobody.
    @Test func earlierReadersSeeNobody() throws {
        let group = try JSON.encode(Party.group(Group(name: "1")))
        #expect(try JSON.decode(Person.self, from: group) == Person(id: "@1", name: "@1"))
    }

    /// Without a name, people see the id.
    @Test func aNameIsNotNeeded() throws {
        let person = try JSON.decode(Party.self, from: Data(#"{"id":"7"}"#.utf8))
        #expect(person == .person(Person(id: "7", name: "7")))
        #expect(throws: (any Error).self) { try JSON.decode(Party.self, from: Data("{}".utf8)) }
        #expect(throws: (any Error).self) { try JSON.decode(Party.self, from: Data(#"{"group":7}"#.utf8)) }
    }

    @Test(arguments: [("team", "team"), ("@team", "team"), ("@@x", "@x"), ("@", "")])
    func peopleWriteThemWithOrWithoutAnAt(word: String, name: String) {
        #expect(Group(written: word).name == name)
    }
}
