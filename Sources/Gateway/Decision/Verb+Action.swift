import Policy
import Requests

extension Verb {
    /// What the verb does with a job, for the policy to decide; nil: it is about no job, and everybody's who is known.
    var action: Action? {
        switch self {
        case .connect, .proxy, .knownHosts, .sshConfig: .enter
        case .tail, .show: .look
        case .extend: .extend
        case .release: .release
        case .hold, .unhold: .hold
        case .cancel: .cancel
        case .share, .unshare: .share
        case .list, .submit, .keys, .whoami, .acceptTerms, .help, .version: nil
        }
    }

    /// Whether it is about no job.
    var isPersonal: Bool { action == nil }

    /// Whether it can be about no job.
    var mayBePersonal: Bool { isPersonal || self == .knownHosts || self == .sshConfig }
}
