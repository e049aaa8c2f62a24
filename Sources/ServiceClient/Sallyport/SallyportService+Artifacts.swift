public import BuildAPI

extension SallyportService: ArtifactService {
    public var artifacts: (any ArtifactService)? { self }

    public func artifacts(
        of job: JobID, for person: Person,
        _ answer: @escaping (Result<ArtifactList, ServiceError>) -> Void
    ) {
        send(HTTPRequest(path: "\(Self.path(job))?\(Self.person(person))", about: .optional), answer)
    }

    public func readArtifact(
        _ name: String?, of job: JobID, for person: Person,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        let path =
            if let name {
                "\(Self.path(job))/\(Self.encoded(name))?\(Self.person(person))"
            } else {
                "\(Self.path(job))?format=tar&\(Self.person(person))"
            }
        let expects = name == nil ? MediaType.tar : MediaType.bytes
        return readOnce(HTTPRequest(path: path, expects: expects, timeout: nil), receive, ended: ended)
    }

    private static func path(_ job: JobID) -> String { "/v1/jobs/\(job)/artifacts" }

    private static func person(_ person: Person) -> String { "person=\(person.id.percentEncoded)" }

    /// Slashes stay: each part of the name is one of the path.
    private static func encoded(_ name: String) -> String {
        name.split(separator: "/", omittingEmptySubsequences: false).map { String($0).percentEncoded }
            .joined(separator: "/")
    }
}
