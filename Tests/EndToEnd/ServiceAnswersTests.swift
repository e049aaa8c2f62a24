import Foundation
import Synchronization
import TestBed
import Testing

/// What a person is told when the build service answers something else than it should, or nothing.
@Suite struct ServiceAnswersTests {
    struct Answer: Sendable, CustomTestStringConvertible {
        let name: String
        let reply: ScriptedService.Reply
        let status: Int32
        let sentence: String

        init(_ name: String, _ reply: ScriptedService.Reply, _ status: Int32, _ sentence: String) {
            (self.name, self.reply, self.status, self.sentence) = (name, reply, status, sentence)
        }

        var testDescription: String { name }
    }

    static let nonsense =
        "The build service gave an invalid answer. Please tell the administrator."
    static let cannot = "The build service cannot answer now. Try again in a minute."
    static let refused = "The build service refused. Please tell the administrator."
    static let redirected =
        "The build service redirects to another address, which is not followed. Please tell the administrator."
    static let brokenOff = "The build service stopped in the middle of its answer. Try again in a minute."
    static let hungUp =
        "The build service closed the connection without an answer. Try again in a minute."

    static let answers: [Answer] = [
        Answer("nothing at all", .silence, 75, "The build service does not answer. Try again in a minute."),
        Answer("the end of the connection", .hangUp, 75, hungUp),
        Answer("something else than HTTP", .bytes("220 mail.example.org ESMTP\r\n"), 78, nonsense),
        Answer(
            "a web page", ScriptedService.answer("200 OK", "text/html", "<html>Hello</html>"), 78, nonsense),
        Answer("JSON by another name", ScriptedService.answer("200 OK", "text/plain", "{}"), 78, nonsense),
        Answer("JSON without a name", .bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), 78, nonsense),
        Answer("JSON that is no key", ScriptedService.json(#"{"keys": [1, 2, 3]}"#), 78, nonsense),
        Answer("JSON that ends early", ScriptedService.json(#"{"fingerprint": "SHA"#), 78, nonsense),
        Answer("bytes that are no text", ScriptedService.json("{\u{0}\u{1b}[31m}"), 78, nonsense),
        Answer(
            "half a body",
            .bytes(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"fingerprint\":"
            ),
            75, brokenOff),
        Answer(
            "a body that ends before its last chunk",
            .bytes(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
            ),
            75, brokenOff),
        Answer(
            "two megabytes", ScriptedService.json("\"" + String(repeating: "x", count: 2_000_000) + "\""), 78,
            nonsense),
        Answer(
            "JSON of ten thousand levels", ScriptedService.json(String(repeating: "[", count: 10_000)), 78,
            nonsense),
        Answer(
            "a redirection", .bytes("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), 78,
            redirected),
        Answer(
            "a redirection for good",
            .bytes("HTTP/1.1 308 Permanent Redirect\r\nLocation: /v2\r\nContent-Length: 0\r\n\r\n"), 78,
            redirected),
        Answer(
            "401", ScriptedService.answer("401 Unauthorized", "text/plain", "who are you?"), 78,
            "The build service does not accept the token: it is missing or wrong. Please tell the administrator."
        ),
        Answer("403", ScriptedService.answer("403 Forbidden", "text/plain", "go away"), 78, refused),
        Answer("429", ScriptedService.answer("429 Too Many Requests", "text/plain", ""), 75, cannot),
        Answer("500", ScriptedService.answer("500 Oops", "text/html", "<html>trace</html>"), 75, cannot),
        Answer(
            "503", .bytes("HTTP/1.1 503 Later\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"), 75, cannot),
        Answer(
            "503 and some seconds",
            .bytes("HTTP/1.1 503 Later\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n"),
            75, "The build service cannot answer now. Try again in 20 seconds."),
        Answer(
            "429 and some minutes",
            .bytes("HTTP/1.1 429 Slowly\r\nRetry-After: 250\r\nContent-Length: 0\r\n\r\n"), 75,
            "The build service cannot answer now. Try again in 5 minutes."),
    ]

    @Test(arguments: answers) func isSaidInOneSentence(answer: Answer) async throws {
        let testBed = try await SharedTestBed.get()
        try await ScriptedService.serving(in: testBed) { _ in
            answer.reply
        } _: {
            let refused = try await Command.run(testBed.ssh(["connect", "1", "true"], to: .orphaned))
            await expect(
                refused, status: answer.status, errors: ["sallyport: \(answer.sentence) [session "],
                in: testBed
            )
            #expect(
                refused.output.isEmpty && refused.errorText.count(where: { $0 == "\n" }) == 1, "\(refused)")
        }
    }

    /// The key is fine; what comes after it is not.
    @Test(arguments: answers.filter { $0.name != "nothing at all" })
    func isSaidOfTheJobToo(answer: Answer) async throws {
        let testBed = try await SharedTestBed.get()
        try await ScriptedService.serving(in: testBed) { request in
            request.contains("/v1/keys/") ? ScriptedService.key(request, name: "alice") : answer.reply
        } _: {
            let refused = try await Command.run(testBed.ssh(["tail", "1"], to: .orphaned))
            await expect(refused, status: answer.status, errors: [answer.sentence], in: testBed)
            #expect(
                refused.output.isEmpty && refused.errorText.count(where: { $0 == "\n" }) == 1, "\(refused)")
        }
    }

    @Test func aSlowServiceIsWaitedFor() async throws {
        let testBed = try await SharedTestBed.get()
        try await ScriptedService.serving(in: testBed) { request in
            request.contains("/v1/keys/")
                ? ScriptedService.key(request, name: "alice", after: 3)
                : ScriptedService.json(#"{"jobs": []}"#, after: 3)
        } _: {
            let greeted = try await Command.run(testBed.ssh([], to: .orphaned))
            await expect(
                greeted, status: 0, output: ["Hello alice.", "You have no running job and no kept builder."],
                in: testBed)
        }
    }

    /// A service that gives host keys has to give one: no other is taken for it, and nobody asks for a password.
    @Test func aBuilderWithoutHostKeysIsNotEntered() async throws {
        let testBed = try await SharedTestBed.get()
        let builder = try await StandInBuilder.start(in: testBed)
        let machine =
            #""state": "kept", "address": "127.0.0.1", "port": \#(builder.port), "user": "build", "host_keys": []"#
        try await ScriptedService.serving(in: testBed) { request in
            if request.contains("/v1/keys/") { return ScriptedService.key(request, name: "alice") }
            if request.hasPrefix("POST") {
                return ScriptedService.json(
                    #"{"id": "c", "job": "1", "kind": "exec", "builder": {\#(machine)}, "deadline": null, "lease": 60}"#
                )
            }
            return ScriptedService.json(
                #"""
                {"id": "1", "owner": {"id": "1", "name": "alice"}, "note": null, "status": "failed", "held": false,
                 "visibility": "unlisted", "created": "2026-11-21T10:00:00Z", "shares": [], "tasks": [],
                 "shell": false, "sessions": [], "builder": {\#(machine)}}
                """#)
        } _: {
            let refused = try await Command.run(testBed.ssh(["connect", "1", "true"], to: .orphaned))
            await expect(
                refused, status: 78, errors: ["host key is not that of this job's machine"], in: testBed)
        }
        #expect(!(try await builder.log()).contains("Accepted"))
        try await builder.end()
    }

    /// The first answer to each question is the one given; nobody hears of it.
    @Test(arguments: [
        ScriptedService.answer("503 Later", "text/plain", ""),
        ScriptedService.answer("502 Oops", "text/html", ""),
        ScriptedService.answer("504 Oops", "text/html", ""), .hangUp,
        .bytes("HTTP/1.1 503 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
    ])
    func whatIsSoonOverIsNotSaid(first: ScriptedService.Reply) async throws {
        let testBed = try await SharedTestBed.get()
        let asked = Mutex<[Substring: Int]>([:])
        try await ScriptedService.serving(in: testBed) { request in
            let count = asked.withLock { asked in
                asked[request, default: 0] += 1
                return asked[request, default: 0]
            }
            if count == 1 { return first }
            return request.contains("/v1/keys/")
                ? ScriptedService.key(request, name: "alice") : ScriptedService.json(#"{"jobs": []}"#)
        } _: {
            let greeted = try await Command.run(testBed.ssh([], to: .orphaned))
            await expect(greeted, status: 0, output: ["Hello alice."], in: testBed)
            #expect(!greeted.errorText.contains("sallyport:"), "\(greeted)")
        }
        // The key, the jobs, the person's keys, and the host authority.
        #expect(asked.withLock { $0.count == 4 && $0.values.allSatisfy { $0 == 2 } })
    }

    /// Twice, and no more often.
    @Test func aServiceInTroubleIsNotPestered() async throws {
        let testBed = try await SharedTestBed.get()
        let asked = Mutex(0)
        try await ScriptedService.serving(in: testBed) { _ in
            asked.withLock { $0 += 1 }
            return ScriptedService.answer("503 Later", "text/plain", "")
        } _: {
            let refused = try await Command.run(testBed.ssh([], to: .orphaned))
            await expect(refused, status: 75, errors: [Self.cannot], in: testBed)
        }
        #expect(asked.withLock { $0 } == 2)
    }

    /// Names come from people.
    @Test func whatAServiceSendsMovesNoCursor() async throws {
        let testBed = try await SharedTestBed.get()
        try await ScriptedService.serving(in: testBed) { request in
            request.contains("/v1/keys/")
                ? ScriptedService.key(request, name: #"al\u001b[2Jice\r\n\u009b31mroot"#)
                : ScriptedService.json(#"{"jobs": []}"#)
        } _: {
            let greeted = try await Command.run(testBed.ssh([], to: .orphaned))
            await expect(greeted, status: 0, output: ["Hello al"], in: testBed)
            let harmless = greeted.text.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.properties.generalCategory != .control
            }
            #expect(harmless, "\(greeted)")
            #expect(
                greeted.text.split(separator: "\n")[0].contains("root"), "all in the first line: \(greeted)")
        }
    }
}
