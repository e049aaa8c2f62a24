import BuildAPI
import Requests

extension Request {
    /// The job that was named.
    var job: JobID? {
        switch self {
        case .connect(let job, _, _), .tail(let job, _), .knownHosts(let job, _): job
        case .sshConfig(let wanted): wanted.job
        case .proxy(let job): job
        case .show(let job, _), .extend(let job, _, _), .release(let job, _, _), .hold(let job, _),
            .unhold(let job, _), .share(let job, _, _), .unshare(let job, _, _), .cancel(let job, _):
            job
        case .greet, .list, .submit, .keys, .whoami, .acceptTerms, .help, .version: nil
        }
    }

    /// Nil: no words at all.
    var verb: Verb? {
        switch self {
        case .greet: nil
        case .connect: .connect
        case .proxy: .proxy
        case .knownHosts: .knownHosts
        case .sshConfig: .sshConfig
        case .tail: .tail
        case .show: .show
        case .extend: .extend
        case .release: .release
        case .hold: .hold
        case .unhold: .unhold
        case .share: .share
        case .unshare: .unshare
        case .cancel: .cancel
        case .list: .list
        case .submit: .submit
        case .keys: .keys
        case .whoami: .whoami
        case .acceptTerms: .acceptTerms
        case .help: .help
        case .version: .version
        }
    }
}
