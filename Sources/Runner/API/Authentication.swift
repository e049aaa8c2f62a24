import BuildAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// How a listener knows who asks.
enum Authentication: Sendable {
    /// By the user at the other end of a Unix socket.
    case peer(Roles)
    /// By the token in the head of each request.
    case token(Tokens)

    /// What a sentence calls whoever asks.
    var subject: String {
        switch self {
        case .peer: "user"
        case .token: "token"
        }
    }

    /// The role of whoever sent the request; nothing else of the request has been looked at.
    func role(of request: Request, _ context: Context) async throws(RunnerError) -> Role {
        switch self {
        case .peer(let roles):
            guard let peer = try? await Context.peer(of: context.channel).get(),
                let role = roles.role(of: peer)
            else {
                throw RunnerError(.forbidden, "This user may not use this service.")
            }
            return role
        case .token(let tokens):
            // More than one is a request that two readers may understand in two ways.
            let fields = request.headers[values: .authorization]
            guard fields.count == 1, let token = Tokens.token(in: fields[0]) else {
                throw RunnerError(
                    .unauthenticated(isInvalid: false),
                    "A token is needed: Authorization: Bearer, and the token.")
            }
            guard let role = tokens.role(of: token) else {
                throw RunnerError(.unauthenticated(isInvalid: true), "This token is not known here.")
            }
            return role
        }
    }

    /// Whose connection it is, as far as anybody knows before it has sent anything, and how many of those there may be.
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
