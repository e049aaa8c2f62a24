import AuthorizedKeys
import BuildAPI
import Foundation

@testable import Conformance

/// Machines that attach themselves. Their jobs are not among the others.
extension ModelService {
    mutating func answerAttachment(_ request: Request) -> Reply {
        if request.path.count == 1 { return attach(request) }
        if request.path[1] == "resumption" { return resume(request) }
        guard let index = attachments.firstIndex(where: { $0.id == request.path[1] }) else {
            return problem(410)
        }
        switch (request.method, request.path.last) {
        case ("DELETE", _):
            attachments.remove(at: index)
            return Reply(status: fault == .attachmentsEnd ? 200 : 204)
        case ("POST", "exit"):
            attachments[index].job.status = fault == .attachmentsExit ? .success : .failed
            attachments[index].job.builder?.state = .kept
        default: break
        }
        return json(attachments[index]) {
            if fault != .attachmentsHeartbeat { $0["secret"] = nil }
        }
    }

    private mutating func attach(_ request: Request) -> Reply {
        guard let new = try? JSON.decode(NewAttachment.self, from: request.body),
            let key = try? PublicKey.parse(line: new.key).key,
            let owner = keys.first(where: { $0.fingerprint == key.fingerprint })?.owner
        else { return problem(403) }
        let isTaken = attachments.contains { $0.job.name == new.name }
        guard !isTaken || fault == .attachmentsName else { return problem(409) }
        let job = Job(
            id: JobID("a\(attachmentCount)")!, name: new.name, owner: .person(owner), status: .running,
            builder: .init(
                state: .ready, endpoint: .socket(path: "/run/a"), user: new.user, hostKeys: new.hostKeys),
            attached: .init(from: new.from, key: key.fingerprint))
        let attachment = Attachment(
            id: nextID(), job: job, lease: 60, reconnect: 300,
            secret: fault == .attachmentsMake ? "short" : String(repeating: "s", count: 40))
        attachments.append(attachment)
        return json(attachment, 201)
    }

    private mutating func resume(_ request: Request) -> Reply {
        guard let wanted = try? JSON.decode(Resumption.self, from: request.body),
            let index = attachments.firstIndex(where: { $0.job.id == wanted.job }),
            attachments[index].secret == wanted.secret
        else { return problem(404) }
        if fault != .attachmentsResume { attachments[index].id = nextID() }
        return json(attachments[index])
    }

    private mutating func nextID() -> String {
        attachmentCount += 1
        return "m\(attachmentCount)"
    }
}
