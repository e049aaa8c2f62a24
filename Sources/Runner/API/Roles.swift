import BuildAPI

/// Who is at the other end of the Unix socket: SO_PEERCRED, socket(7).
struct Peer: Equatable, Sendable {
    var user: UInt32
    var group: UInt32
}

/// Which peers have which role.
struct Roles: Equatable, Sendable {
    /// The runner's own user.
    var own: UInt32
    /// Nil: there is no such account on this machine.
    var gateway: UInt32?
    var keys: UInt32?
    var operators: Set<UInt32> = []
    var operatorGroup: UInt32?

    /// Nil: refused. The gateway's account stays a gateway, even if it is a member of the operators' group.
    func role(of peer: Peer) -> Role? {
        if peer.user == 0 || peer.user == own { return .operator }
        if peer.user == gateway { return .gateway }
        if peer.user == keys { return .keys }
        if operators.contains(peer.user) || peer.group == operatorGroup { return .operator }
        return nil
    }
}
