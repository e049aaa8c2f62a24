import AuthorizedKeys
import BuildAPI
import ServiceClient

/// Who may ask what.
extension Examination {
    func lookAtRoles() {
        check(.rolesNobody) {
            if case .socket = endpoint {
                throw Deviation.skipped("on a Unix socket the peer's user has the role")
            }
            let token = try need(options.token, "no token was given")
            // The similar tokens are for services that compare tokens carelessly.
            for wrong in ["none", token + "0", String(token.dropLast())] {
                let answer = client(token: wrong).get("/v1/jobs?live=true")
                try expect([401, 403].contains(answer.status), "\(answer.summary) with an unknown token")
            }
            return try expect(client(token: nil).get("/v1/jobs?live=true"), 401, 403).summary
        }
        check(.rolesGateway) {
            let token = try need(options.gatewayToken, "no gateway's token was given")
            let gateway = client(token: token)
            try expect(gateway.get("/v1/jobs?live=true"), 200)
            return try expect(gateway.get("/v1/keys"), 403).summary
        }
        check(.rolesKeys) {
            let token = try need(options.keysToken, "no token was given that can only look keys up")
            let keys = client(token: token)
            let lookUp = keys.get(path(of: Self.unknownKey()))
            try expect(![0, 401, 403].contains(lookUp.status), lookUp.summary)
            return try expect(keys.get("/v1/jobs?live=true"), 403).summary
        }
    }
}
