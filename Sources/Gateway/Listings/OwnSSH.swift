import BuildAPI
import ServiceClient

/// How a person enters a builder with their own ssh.
struct OwnSSH: Equatable {
    /// Enters it, when that is set up.
    let line: String
    /// Sets it up.
    let setUpLine: String

    var text: String { "\(line)   (for your own ssh, scp or editor; set up first: \(setUpLine))" }
}

extension SessionContext {
    /// Finds the command line that sets a person's own ssh up; for one job, if nothing works for all jobs, or if its builder
    /// has no certificate.
    func withSetUpLine(for job: String, on builder: Job.Builder? = nil, _ use: @escaping (String) -> Void) {
        service.hostAuthority { result in
            use(setUpLine(for: job, alone: builder?.certified == false || Self.isMissing(result)))
        }
    }

    /// Finds how they enter this job's builder with it.
    func withOwnSSH(for job: Job, _ use: @escaping (OwnSSH) -> Void) {
        service.hostAuthority { result in
            let isAlone = job.builder?.certified == false || Self.isMissing(result)
            use(ownSSH(for: job, as: isAlone ? nil : Self.otherUser(on: job.builder, result), alone: isAlone))
        }
    }

    /// - Parameters:
    ///   - user: whom to log in as; nil: the lines that set it up say that.
    ///   - isAlone: whether the lines are for this job alone.
    func ownSSH(for job: Job, as user: String? = nil, alone isAlone: Bool) -> OwnSSH {
        let name = BuilderNames(suffix: publicName).name(of: job.id)
        return OwnSSH(
            line: "ssh \(user.map { "\($0)@" } ?? "")\(name)",
            setUpLine: setUpLine(for: "\(job.id)", alone: isAlone))
    }

    private func setUpLine(for job: String, alone isAlone: Bool) -> String {
        let host = publicName == nil ? " --bare --host HOST" : ""
        return commandLine("ssh-config" + host + (isAlone ? " --job \(job)" : ""))
    }

    private static func isMissing(_ answer: Result<HostAuthority?, ServiceError>) -> Bool {
        switch answer {
        case .success(let authority): authority == nil
        case .failure(let error): error.code == .notOffered
        }
    }

    /// The user name for logging in to the builder, if it is not the one that lines for all jobs have.
    static func otherUser(
        on builder: Job.Builder?, _ answer: Result<HostAuthority?, ServiceError>
    ) -> String? {
        guard let builder, case .success(let authority?) = answer, authority.user != builder.user else {
            return nil
        }
        return try? checkedUser(builder.user)
    }
}
