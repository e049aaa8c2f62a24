import BuildAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// How a listener identifies its clients.
enum Authentication: Sendable {
    /// By the user at the other end of a Unix socket.
    case peer(Roles)
    /// By the token in the head of each request.
    case token(Tokens)

    /// Who sends a request.
    struct Client: Sendable {
        let role: Role
        /// For the records: `root`, `user 1001`, `token gate-1`.
        let name: String
    }

    /// Whether its clients are on this host.
    var isLocal: Bool {
        if case .peer = self { true } else { false }
    }

    /// The word for the client in a sentence.
    var subject: String {
        switch self {
        case .peer: "user"
        case .token: "token"
        }
    }

    /// The client that sent the request; nothing else in the request has been looked at.
    func client(of request: Request, _ context: Context) async throws(RunnerError) -> Client {
        switch self {
        case .peer(let roles):
            guard let peer = try? await Context.peer(of: context.channel).get(),
                let role = roles.role(of: peer)
            else {
                throw RunnerError(.forbidden, "This user is not allowed to use this service.")
            }
            return Client(role: role, name: peer.user == 0 ? "root" : "user \(peer.user)")
        case .token(let tokens):
            // With more than one, two readers could understand the request differently.
            let fields = request.headers[values: .authorization]
            guard fields.count == 1, let token = Tokens.token(in: fields[0]) else {
                throw RunnerError(
                    .unauthenticated(isInvalid: false),
                    "A token is needed: send “Authorization: Bearer” and the token.")
            }
            guard let entry = tokens.entry(of: token) else {
                throw RunnerError(.unauthenticated(isInvalid: true), "This token is unknown.")
            }
            try await TokenLimitHandler.admit(token: entry.name, on: context.channel)
            return Client(role: entry.role, name: "token \(entry.name)")
        }
    }

    /// For the pipeline of one connection.
    func limitHandler(_ limit: ConnectionLimit, _ newcomers: Newcomers) -> any RemovableChannelHandler {
        switch self {
        case .peer(let roles): UserLimitHandler(limit: limit, roles: roles)
        case .token: TokenLimitHandler(limit: limit, newcomers: newcomers)
        }
    }
}
