import BuildService
import Requests

/// The verbs that set a client up for `proxy`.
extension GatewaySession {
    func knownHosts(_ permit: Permit, names: Request.HostNames) {
        refuse(.unsupported("host keys"))
    }

    func knownHosts(names: Request.HostNames) {
        refuse(.unsupported("host keys"))
    }

    func sshConfig(_ permit: Permit, _ wanted: Request.ClientConfiguration) {
        refuse(.unsupported("host keys"))
    }

    func sshConfig(_ wanted: Request.ClientConfiguration) {
        refuse(.unsupported("host keys"))
    }
}
