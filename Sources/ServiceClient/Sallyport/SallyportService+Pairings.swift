public import BuildAPI

extension SallyportService: PairingService {
    public var pairings: (any PairingService)? { self }

    public func pair(
        _ machine: NewAttachment, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void
    ) {
        send(HTTPRequest(method: "POST", path: "/v1/pairings", about: .optional), body: machine, answer)
    }

    public func renew(_ pairing: Pairing, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void) {
        send(HTTPRequest(method: "POST", path: Self.path(pairing) + "/renewal", about: .job), answer)
    }

    public func end(_ pairing: Pairing, _ answer: @escaping (Result<Void, ServiceError>) -> Void) {
        end(at: Self.path(pairing), answer)
    }

    public func adopt(_ adoption: Adoption, _ answer: @escaping (Result<Job, ServiceError>) -> Void) {
        send(HTTPRequest(method: "POST", path: "/v1/pairings/adoption", about: .job), body: adoption, answer)
    }

    private static func path(_ pairing: Pairing) -> String { "/v1/pairings/\(pairing.id.percentEncoded)" }
}
