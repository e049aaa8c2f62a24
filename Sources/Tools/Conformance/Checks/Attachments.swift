import AuthorizedKeys
import BuildAPI
import FoundationEssentials

/// Machines that attach themselves. A service need not have such a thing.
extension Examination {
    func lookAtAttachments() {
        let name = "c" + Self.session().filter { $0.isLetter || $0.isNumber }.prefix(30)
        let hostKey = Self.unknownKey().line
        var made: Attachment?
        check(.attachmentsMake) {
            let attachment = try attach(named: name, hostKey)
            made = attachment
            let secret = attachment.secret ?? ""
            try expect(
                secret.utf8.count >= 32 && secret.utf8.allSatisfy { $0.isASCIILetterOrDigit },
                "its secret is not 32 or more letters and digits")
            try expect(attachment.lease > 0, "its lease is 0 s")
            try expect(attachment.job.builder?.hostKeys == [hostKey], "its builder has other host keys")
            try expect(attachment.job.attached != nil, "its job is like any other")
            return "job \(attachment.job.id)"
        }
        let none = "no machine could be attached"
        check(.attachmentsName) {
            _ = try need(made, none)
            return try expect(post("/v1/attachments", try newMachine(name, hostKey)), 409).summary
        }
        check(.attachmentsHeartbeat) {
            let attachment = try need(made, none)
            let answer = try expect(heartbeat(attachment), 200)
            let again = try decode(Attachment.self, answer.body)
            try expect(again.id == attachment.id, "it is another attachment")
            try expect(again.secret == nil, "the secret is repeated")
            return answer.summary
        }
        check(.attachmentsResume) {
            let attachment = try need(made, none)
            try expect(resume(attachment, String(repeating: "x", count: 40), hostKey), 404)
            let answer = try expect(resume(attachment, attachment.secret ?? "", hostKey), 200)
            let again = try decode(Attachment.self, answer.body)
            made = again
            try expect(again.job.id == attachment.job.id, "it is another job: \(again.job.id)")
            try expect(again.id != attachment.id, "it is the same attachment")
            try expect(heartbeat(attachment), 410)
            return answer.summary
        }
        check(.attachmentsExit) {
            let attachment = try need(made, none)
            let body = JSONValue.object(["exit_status": .number(3)])
            let answer = try expect(send("POST", Self.path(attachment) + "/exit", body), 200)
            let job = try decode(Attachment.self, answer.body).job
            try expect(job.status == .failed, "the job's status is \(job.status.rawValue)")
            try expect(job.builder?.state == .kept, "its builder is not kept")
            return answer.summary
        }
        check(.attachmentsEnd) {
            let attachment = try need(made, none)
            let answer = client.send("DELETE", Self.path(attachment) + "?reason=bye")
            if answer.status == 204 { made = nil }
            try expect(answer, 204)
            try expect(heartbeat(attachment), 410)
            return answer.summary
        }
        if let made, client.send("DELETE", Self.path(made) + "?reason=bye").status != 204 {
            left.append("the machine of job \(made.job.id)")
        }
    }

    private func attach(named name: String, _ hostKey: String) throws -> Attachment {
        let answer = post("/v1/attachments", try newMachine(name, hostKey))
        guard ![401, 403, 404, 405, 501].contains(answer.status) else {
            throw Deviation.skipped("machines cannot attach themselves here (\(answer.summary))")
        }
        return try decode(Attachment.self, try expect(answer, 201).body)
    }

    private func newMachine(_ name: String, _ hostKey: String) throws -> NewAttachment {
        NewAttachment(
            key: try claimantNow().key, from: "192.0.2.7",
            endpoint: "unix:/nonexistent/sallyport-conformance",
            user: "nobody", hostKeys: [hostKey], running: true, name: name)
    }

    private func resume(_ attachment: Attachment, _ secret: String, _ hostKey: String) throws -> Answer {
        post(
            "/v1/attachments/resumption",
            Resumption(
                job: attachment.job.id, secret: secret, key: try claimantNow().key, from: "192.0.2.7",
                endpoint: "unix:/nonexistent/sallyport-conformance", hostKeys: [hostKey]))
    }

    func post(_ path: String, _ value: some Encodable) -> Answer {
        let body = (try? JSON.encode(value)).map { Array($0) } ?? []
        return client.send("POST", path, headers: ["Content-Type: application/json"], body: body)
    }

    private func heartbeat(_ attachment: Attachment) -> Answer {
        client.send("POST", Self.path(attachment) + "/heartbeat")
    }

    private static func path(_ attachment: Attachment) -> String {
        "/v1/attachments/\(attachment.id.percentEncoded)"
    }
}
