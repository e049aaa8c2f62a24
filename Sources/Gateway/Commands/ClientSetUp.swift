import AuthorizedKeys
import BuildAPI
import CommandGrammar
import ServiceClient

/// The names for builders that a person asked for.
enum WantedNames: Equatable, Sendable {
    /// `job-42.<suffix>`; nil: the one that the gateway is configured with.
    case suffix(String?)
    /// `job-42`
    case bare

    static let values: Set<String> = ["--suffix"]
    static let flags: Set<String> = ["--bare"]

    init(_ arguments: Arguments) throws(UsageError) {
        try arguments.exclude("--suffix", with: "--bare")
        self = arguments.has("--bare") ? .bare : .suffix(try arguments.host("--suffix"))
    }

    /// - Parameters:
    ///   - publicName: of the gateway, if it has one.
    ///   - usual: the suffix if there is no public name.
    func resolved(_ publicName: String?, usual: String? = nil) throws(Refusal) -> BuilderNames {
        switch self {
        case .bare: return BuilderNames(suffix: nil)
        case .suffix(let wanted):
            guard let suffix = wanted ?? publicName ?? usual else { throw .noPublicHost(.suffix) }
            return BuilderNames(suffix: suffix)
        }
    }
}

/// Shared by the commands that set people's own ssh up for `proxy`.
extension SessionContext {
    /// Answers with a text for the builders of all jobs, which needs a certificate authority for their host keys.
    func answerWithHostAuthority(_ text: @escaping (CheckedHostAuthority) throws(Refusal) -> String) {
        service.hostAuthority { result in
            do throws(Refusal) {
                switch result {
                case .success(let authority?): answer(try text(try CheckedHostAuthority(authority)))
                case .success(nil): throw .noHostAuthority(setUpLine: commandLine("ssh-config --job JOB"))
                case .failure(let error): throw .service(error)
                }
            } catch {
                refuse(error)
            }
        }
    }

    /// The host keys of a job's builder, as the service names them or, where it names none, as the gateway remembers them.
    func hostKeys(of builder: Job.Builder, _ job: JobID) throws(Refusal) -> [PublicKey] {
        try checkedHostKeys(of: builder, job, pin: service.hostKeyPins?.pin(of: job))
    }
}
