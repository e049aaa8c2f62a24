import Testing

@testable import Requests

private func request(_ text: String?) throws(RequestError) -> Request {
    try Request(originalCommand: text.map { Array($0.utf8) })
}

private func job(_ name: String) -> JobID { JobID(name)! }

@Suite("SSH_ORIGINAL_COMMAND")
struct RequestTests {
    @Test("absent or blank is a greeting", arguments: [nil, "", " ", " \t\n "])
    func greeting(_ text: String?) throws {
        #expect(try request(text) == .greet)
    }

    @Test(
        "connects",
        arguments: [
            ("connect", nil, false, nil),
            ("connect 42", "42", false, nil),
            ("  connect   42  ", "42", false, nil),
            ("connect --now 42", "42", true, nil),
            ("connect --now", nil, true, nil),
            ("connect 42 true", "42", false, "true"),
            ("connect 42 -- true", "42", false, "true"),
            ("connect 42 -- -- x", "42", false, "-- x"),
            ("connect -- ls  -l ", nil, false, "ls  -l "),
            ("connect 42 --", "42", false, nil),
            ("connect ls", "ls", false, nil),
            ("connect 42 --now", "42", false, "--now"),
            ("connect 42 sh -c 'echo \"a  b\"; exit 3'", "42", false, "sh -c 'echo \"a  b\"; exit 3'"),
            ("connect 42 echo 'unbalanced", "42", false, "echo 'unbalanced"),
            ("connect 42 a\nb", "42", false, "a\nb"),
        ] as [(String, String?, Bool, String?)])
    func connect(text: String, name: String?, now: Bool, command: String?) throws {
        let expected = Request.connect(job: name.map(job), now: now, command: command.map { Array($0.utf8) })
        #expect(try request(text) == expected)
    }

    @Test("hands bytes that are not UTF-8 on as they are")
    func bytes() throws {
        let command: [UInt8] = [0xff, 0x00 + 1, 0xc3, 0x28]
        let parsed = try Request(originalCommand: Array("connect 1 ".utf8) + command)
        #expect(parsed == .connect(job: job("1"), now: false, command: command))
    }

    @Test(
        "tails",
        arguments: [
            ("tail", nil, false), ("tail 42", "42", false), ("tail --raw 42", "42", true),
            ("tail --raw", nil, true),
        ] as [(String, String?, Bool)])
    func tail(text: String, name: String?, raw: Bool) throws {
        #expect(try request(text) == .tail(job: name.map(job), raw: raw))
    }

    @Test(
        "is refused",
        arguments: [
            ("id", RequestError.Code.unknownVerb, "id"),
            ("/usr/lib/openssh/sftp-server", .unknownVerb, "/usr/lib/openssh/sftp-server"),
            ("Connect 42", .unknownVerb, "Connect"),
            ("connect --later 42", .unknownOption, "--later"),
            ("connect -x", .unknownOption, "-x"),
            ("connect '42", .malformedJob, "'42"),
            ("connect ../42", .malformedJob, "../42"),
            ("connect _42", .malformedJob, "_42"),
            ("tail 42 43", .tooManyWords, "43"),
            ("tail --row", .unknownOption, "--row"),
        ])
    func refused(text: String, code: RequestError.Code, word: String) {
        let error = #expect(throws: RequestError.self) { try request(text) }
        #expect(error?.code == code && error?.word == word)
    }

    @Test("is quoted without anything a terminal acts on")
    func quoted() {
        let error = RequestError(.unknownVerb, word: "\u{1b}]0;x\u{7}é" + String(repeating: "x", count: 100))
        #expect(error.description == "There is no verb “?]0;x??" + String(repeating: "x", count: 33) + "…”.")
    }

    @Test("of 100 KB is taken whole")
    func large() throws {
        let command = String(repeating: "x", count: 100_000)
        #expect(
            try request("connect 1 " + command)
                == .connect(job: job("1"), now: false, command: Array(command.utf8)))
    }
}

@Suite("A job's name")
struct JobIDTests {
    @Test("has 1 to 64 characters", arguments: ["1", "a-b_C", String(repeating: "x", count: 64)])
    func valid(_ text: String) {
        #expect(JobID(text)?.description == text)
    }

    @Test(
        "is nothing else",
        arguments: ["", "-1", "_1", "a b", "a/b", "é", "1\n", "%31", String(repeating: "x", count: 65)])
    func invalid(_ text: String) {
        #expect(JobID(text) == nil)
    }
}
