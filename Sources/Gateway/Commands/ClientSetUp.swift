import BuildAPI
import CommandGrammar
import ServiceClient

/// What clients shall call builders, as somebody has asked for it.
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
    ///   - usual: the suffix where there is no public name.
    func resolved(_ publicName: String?, usual: String? = nil) throws(Refusal) -> BuilderNames {
        switch self {
        case .bare: return BuilderNames(suffix: nil)
        case .suffix(let wanted):
            guard let suffix = wanted ?? publicName ?? usual else { throw .noPublicHost(.suffix) }
            return BuilderNames(suffix: suffix)
        }
    }
}

/// What the commands share that set people's own ssh up for `proxy`.
extension SessionContext {
    /// Answers with a text that is true of all jobs' builders: that needs somebody who vouches for all their keys.
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
}
