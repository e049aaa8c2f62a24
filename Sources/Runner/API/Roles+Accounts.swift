import ConfigurationFile
import Glibc
import Logging

extension Roles {
    /// Looks up the configured names once, at the start.
    init(_ configuration: Configuration.Runner, logger: Logger) {
        func user(_ name: String, _ role: String) -> UInt32? {
            let user = Self.user(named: name)
            if user == nil {
                logger.warning("there is no account \"\(name)\": nobody has the role \(role)")
            }
            return user
        }
        self.init(
            own: geteuid(), gateway: user(configuration.account, "gateway"),
            keys: user(configuration.keysAccount, "keys"))
        guard let group = getgrnam(configuration.operatorGroup) else {
            logger.notice("there is no group \"\(configuration.operatorGroup)\": only root is an operator")
            return
        }
        operatorGroup = group.pointee.gr_gid
        var names: [String] = []
        var member = group.pointee.gr_mem
        while let name = member?.pointee {
            names.append(String(cString: name))
            member = member?.advanced(by: 1)
        }
        operators = Set(names.compactMap { getpwnam($0)?.pointee.pw_uid })
    }

    /// Nil: there is no such account on this machine.
    static func user(named name: String) -> UInt32? { getpwnam(name)?.pointee.pw_uid }
}
