import BuildAPI
import Policy
import Requests
import ServiceClient

/// From a request to a visit.
extension GatewaySession {
    /// Nil: the request needs nobody inside a builder.
    func wayIn(of request: Request, _ permit: Permit) throws(Refusal) -> (any WayIn)? {
        switch request {
        case .connect(_, _, let command): return NestedProgram(command, permit, in: self)
        case .proxy:
            guard !environment.hasTerminal else {
                throw Refusal(
                    .usage, "proxy carries the bytes of your ssh, and no terminal does: leave -t away.",
                    cause: "proxy with a terminal")
            }
            let job = permit.job.id
            guard service.hostKeyPins.map({ $0.pin(of: job) != nil }) ?? true else {
                throw Refusal(
                    .tryAgain,
                    "Nobody knows yet how this builder proves who it is; after a connect your ssh can know it too: "
                        + commandLine("connect \(job) true"),
                    cause: "proxy to job \(job), for which no host key is pinned")
            }
            return ProxiedConnection(permit, in: self)
        default: return nil
        }
    }
}

extension Request {
    /// Whether it goes in while tasks run. A program that speaks SSH could not wait for their end.
    var entersAtOnce: Bool {
        switch self {
        case .connect(_, let now, _): now
        case .proxy: true
        default: false
        }
    }

    /// How long it waits for a builder; nil: as long as it takes. Editors give ssh 15 seconds to connect, the login on
    /// the gateway included.
    var patience: Duration? {
        if case .proxy = self { .seconds(13) } else { nil }
    }
}
