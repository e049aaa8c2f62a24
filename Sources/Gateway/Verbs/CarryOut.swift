import BuildAPI
import Policy
import Requests

/// From a permit to what the verb does.
extension GatewaySession {
    /// Verbs that are about one job; a ``Visit`` needs the signals too, and is started by ``ForcedSession``.
    func carryOut(_ request: Request, _ permit: Permit) {
        switch request {
        case .tail(_, let raw):
            let tail = TailVerb(permit, raw: raw, in: self)
            running = tail
            tail.start()
        case .show(_, let json): show(permit, json: json)
        case .extend(_, let length, let json): extend(permit, by: length, json: json)
        case .release(_, let confirmed, let json): release(permit, confirmed: confirmed, json: json)
        case .hold(_, let json): hold(permit, json: json)
        case .unhold(_, let json): unhold(permit, json: json)
        case .share(_, let name, let json): share(permit, with: name, json: json)
        case .unshare(_, let name, let json): unshare(permit, with: name, json: json)
        case .cancel(_, let json): cancel(permit, json: json)
        case .knownHosts(_, let names): knownHosts(permit, names: names)
        case .sshConfig(let wanted): sshConfig(permit, wanted)
        case .greet, .connect, .proxy, .list, .submit, .keys, .whoami, .acceptTerms, .help, .version: break
        }
    }

    /// Verbs that are about whoever asks.
    func carryOut(_ request: Request, _ principal: Principal) {
        switch request {
        case .list(let all, let json): list(principal, all: all, json: json)
        case .submit(let submission):
            let submit = SubmitVerb(principal, submission, in: self)
            running = submit
            submit.start()
        case .keys(let wanted, let json): keys(principal, wanted, json: json)
        case .whoami(let json): whoami(principal, json: json)
        case .acceptTerms: acceptTerms(principal)
        case .help(let verb): help(verb)
        case .version: version()
        case .knownHosts(_, let names): knownHosts(names: names)
        case .sshConfig(let wanted): sshConfig(wanted)
        case .greet, .connect, .proxy, .tail, .show, .extend, .release, .hold, .unhold, .share, .unshare,
            .cancel:
            break
        }
    }
}
