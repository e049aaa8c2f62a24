import BuildAPI
import Testing

@testable import CommandGrammar

/// What a line means, whatever the verb: words, options, and the command after them.
@Suite struct ArgumentsTests {
    private let syntax = Syntax(flags: ["--json"], values: ["--host"], texts: ["--note"])

    private func arguments(_ text: String, _ syntax: Syntax) throws(UsageError) -> Arguments {
        try Arguments(Words(Array(text.utf8)), syntax)
    }

    @Test func optionsStandAnywhere() throws {
        for line in ["--json --host h one two", "one --json two --host h", "one two --host h --json"] {
            var arguments = try arguments(line, syntax)
            #expect(arguments.has("--json") && arguments.value(of: "--host") == "h", "\(line)")
            #expect(try arguments.word(.user) == "one" && arguments.optionalWord() == "two")
            try arguments.end()
        }
    }

    @Test func aTextGoesOnToTheEndOfTheLine() throws {
        var arguments = try arguments("one --json --note a -b  c --note --host two", syntax)
        #expect(arguments.value(of: "--note") == "a -b c --note --host two" && arguments.has("--json"))
        #expect(arguments.value(of: "--host") == nil && arguments.optionalWord() == "one")
        try arguments.end()
    }

    @Test func optionsStandBeforeAJobOrDirectlyAfterIt() throws {
        for line in ["--json 42 ls -l --json", "42 --json ls -l --json", "42 --json -- ls -l --json"] {
            var arguments = try arguments(line, Syntax(flags: ["--json"], endsWithCommand: true))
            #expect(arguments.has("--json"), "\(line)")
            let (job, command) = try arguments.jobAndCommand()
            #expect(job == JobID("42") && command == Array("ls -l --json".utf8), "\(line)")
            try arguments.end()
        }
    }

    @Test func theCommandIsVerbatim() throws {
        var arguments = try arguments(
            "--json 42 -- --host  x ", Syntax(flags: ["--json"], endsWithCommand: true))
        let (job, command) = try arguments.jobAndCommand()
        #expect(job == JobID("42") && command == Array("--host  x ".utf8) && arguments.has("--json"))
        try arguments.end()
    }

    @Test func whatNobodyTakesIsRefused() throws {
        for (line, syntax) in [("one", syntax), ("one two", Syntax(endsWithCommand: true))] {
            let arguments = try arguments(line, syntax)
            let error = #expect(throws: UsageError.self) { try arguments.end() }
            #expect(error?.code == .tooManyWords && error?.word == "one")
        }
    }

    @Test("A refusal quotes without anything a terminal acts on")
    func quoted() {
        let error = UsageError(.unknownVerb, word: "\u{1b}]0;x\u{7}é" + String(repeating: "x", count: 100))
        #expect(
            error.description
                == "Unknown verb: “?]0;x??" + String(repeating: "x", count: 33) + "…”. For all verbs: help.")
    }
}
