import BuildAPI

/// Programs that attach machines for people.
extension SallyportService {
    /// Makes someone a robot, whom this creates if need be, or an ordinary person again.
    public func setRobot(
        _ name: String, _ isRobot: Bool, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        change("/v1/people/\(name.percentEncoded)/robot", isRobot, answer)
    }
}
