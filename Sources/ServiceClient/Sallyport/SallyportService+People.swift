public import BuildAPI

/// Requests about people, and about what is left of their builders, for operators.
extension SallyportService {
    /// Machines that nobody needs any more, and that their pools have not taken back.
    public func overdueReleases(_ answer: @escaping (Result<AllocationList, ServiceError>) -> Void) {
        send(HTTPRequest(path: "/v1/allocations", about: .optional), answer)
    }

    /// Ends somebody's session at once, and for good. Answers with the job without it.
    public func endSession(
        _ session: String, in job: JobID, _ answer: @escaping (Result<Job, ServiceError>) -> Void
    ) {
        let path = "/v1/jobs/\(job)/sessions/\(session.percentEncoded)"
        send(HTTPRequest(method: "DELETE", path: path, about: .optional), answer)
    }

    public func people(
        page: PageRequest, _ answer: @escaping (Result<AccountList, ServiceError>) -> Void
    ) {
        send(HTTPRequest(path: Self.path("/v1/people", page.parameters), about: .optional), answer)
    }

    /// A suspended person has no rights; sessions end at their next heartbeat.
    public func setSuspended(
        _ name: String, _ isSuspended: Bool, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        change("/v1/people/\(name.percentEncoded)/suspension", isSuspended, answer)
    }

    /// An administrator can enter other people's jobs.
    public func setAdministrator(
        _ name: String, _ isAdministrator: Bool, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        change("/v1/people/\(name.percentEncoded)/administration", isAdministrator, answer)
    }

    /// - Parameter isMember: whether they are in it from now on.
    public func setMember(
        _ name: String, of group: Group, _ isMember: Bool,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        change(
            "/v1/people/\(name.percentEncoded)/groups/\(group.name.percentEncoded)", isMember, answer)
    }

    /// Removes someone's keys, shares and rights, which ends their sessions. Their jobs stay.
    ///
    /// - Parameter isForgotten: their id becomes their name, wherever one has to be kept.
    public func remove(
        _ name: String, forgetting isForgotten: Bool,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        let path = "/v1/people/\(name.percentEncoded)" + (isForgotten ? "?forget=true" : "")
        sendWithoutAnswer(HTTPRequest(method: "DELETE", path: path, about: .person), answer)
    }

    func change(
        _ path: String, _ isSet: Bool, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        sendWithoutAnswer(HTTPRequest(method: isSet ? "PUT" : "DELETE", path: path, about: .person), answer)
    }
}
