public import BuildAPI

extension SallyportService: AttachmentService {
    public var attachments: (any AttachmentService)? { self }

    public func attach(
        _ machine: NewAttachment, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void
    ) {
        send(HTTPRequest(method: "POST", path: "/v1/attachments", about: .optional), body: machine, answer)
    }

    public func resume(
        _ machine: Resumption, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void
    ) {
        send(
            HTTPRequest(method: "POST", path: "/v1/attachments/resumption", about: .job), body: machine,
            answer)
    }

    public func renew(
        _ attachment: Attachment, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void
    ) {
        send(
            HTTPRequest(method: "POST", path: Self.path(attachment, "/heartbeat"), about: .standingClaim),
            answer)
    }

    public func report(
        _ exit: AttachedExit, of attachment: Attachment,
        _ answer: @escaping (Result<Attachment, ServiceError>) -> Void
    ) {
        send(
            HTTPRequest(method: "POST", path: Self.path(attachment, "/exit"), about: .standingClaim),
            body: exit,
            answer)
    }

    public func appendLog(
        _ bytes: any ByteSource, isLast: Bool, of attachment: Attachment,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        // It takes as long as the machine's command does.
        var request = HTTPRequest(
            method: "PUT", path: Self.path(attachment, isLast ? "/log?end=true" : "/log"),
            about: .standingClaim,
            headers: ["Content-Type: application/octet-stream"], timeout: nil)
        request.upload = bytes
        sendWithoutAnswer(request, answer)
    }

    public func leave(
        _ attachment: Attachment, _ departure: AttachmentDeparture,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        end(at: Self.path(attachment, "?reason=\(departure.rawValue)"), answer)
    }

    /// Tells the service that a machine has left. If the service knows that already, it is no error.
    func end(at path: String, _ answer: @escaping (Result<Void, ServiceError>) -> Void) {
        let request = HTTPRequest(method: "DELETE", path: path, about: .endOfClaim, timeout: .seconds(3))
        sendWithoutAnswer(request) { result in
            guard case .failure(let error) = result, error.code == .claimEnded else { return answer(result) }
            answer(.success(()))
        }
    }

    public func jobs(
        named name: JobName, for person: Person, _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        let path = "/v1/jobs?name=\(name.description.percentEncoded)&person=\(person.id.percentEncoded)"
        send(HTTPRequest(path: path, about: .optional)) { (result: Result<JobList, ServiceError>) in
            // A service without names lists other jobs, or all of them.
            answer(
                result.map { list in
                    JobList(jobs: list.jobs.filter { $0.name == name.description }, next: list.next)
                })
        }
    }

    private static func path(_ attachment: Attachment, _ rest: String) -> String {
        "/v1/attachments/\(attachment.id.percentEncoded)\(rest)"
    }
}
