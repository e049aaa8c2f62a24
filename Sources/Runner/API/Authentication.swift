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
            return Client(role: entry.role, name: "token \(entry.name)")
        }
    }

    /// Whose connection it is, as far as is known before it has sent anything, and how many of those are allowed.
    func origin(of channel: any Channel) -> EventLoopFuture<(origin: Origin, most: Int)?> {
        switch self {
        case .peer(let roles):
            Context.peer(of: channel).map { peer in
                peer.map {
                    let most = roles.role(of: $0) == nil ? ConnectionLimit.stranger : ConnectionLimit.known
                    return (.user($0.user), most)
                }
            }
        case .token:
            // A gateway's sessions all come from its address.
            channel.eventLoop.makeSucceededFuture(
                channel.remoteAddress?.ipAddress.map { (.address($0), ConnectionLimit.known) })
        }
    }
}
