import KeyForms
import Testing

@testable import Runner

@Suite("What a program says of a person")
struct SourcedPersonTests {
    private func answer(_ json: String) throws(SourceFailure) -> SourcedPerson? {
        try SourcedPerson.answer(Array(json.utf8))
    }

    @Test("a person with everything, with little, and nobody")
    func answers() throws {
        let all = try #require(
            try answer(
                """
                {"name": "alice", "keys": ["\(TestService.aliceKey) at home", "\(TestService.aliceKey)",
                 "ssh-dss AAAAB3NzaC1kc3M=", "# none", ""],
                 "groups": ["team"], "suspended": true, "administrator": true}
                """))
        #expect(all.name == "alice" && all.isSuspended && all.isAdministrator)
        // Each once, and without those that no sshd accepts.
        #expect(all.keys.map(\.line) == ["\(TestService.aliceKey) at home"])
        let little = try #require(try answer(#"{"keys": [], "name": "bob"}"#))
        #expect(little.keys.isEmpty && !little.isSuspended && !little.isAdministrator)
        #expect(try answer("{}") == nil && answer(" { }\n") == nil)
    }

    @Test(
        "anything else is a failure",
        arguments: [
            "", "null", "[]", "nobody", #"{"name": "alice"}"#, #"{"keys": []}"#, #"{"suspended": true}"#,
            #"{"name": "12", "keys": []}"#, #"{"name": "a b", "keys": []}"#, #"{"name": "a", "keys": "k"}"#,
            #"{"name": "a", "keys": [], "suspend": true}"#, #"{"name": "a", "keys": [], "suspended": 1}"#,
            #"{"name": "a", "keys": [], "groups": ["a/b"]}"#, #"{"name": "a", "keys": []} {}"#,
            #"{"name": "a", "keys": [\#(Array(repeating: #""k""#, count: 51).joined(separator: ","))]}"#,
        ])
    func failures(json: String) {
        #expect(throws: SourceFailure.self) { try answer(json) }
    }
}
