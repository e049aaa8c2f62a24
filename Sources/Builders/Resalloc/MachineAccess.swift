import AllocatorPrograms
import AuthorizedKeys

/// What is done on a machine. Tests have their own.
protocol MachineAccess: Sendable {
    /// Lets these keys in, `<type> <base64>` each.
    ///
    /// - Returns: the machine's host keys, if anybody vouches for it.
    func admit(
        _ keys: [String], to machine: ResallocState.Machine, as pool: ResallocFile.Pool, of allocation: String
    ) async throws(AllocatorFailure) -> [String]
    /// Forgets which host key that allocation's machine has shown.
    func forget(_ allocation: String)
}

/// Machines are reached by stock ssh.
///
/// If a file of known_hosts vouches for them, ssh demands a key or a certificate that it names, and the machine then says itself
/// which host keys it has. Otherwise ssh takes what it is shown first: it gives that machine public keys and nothing else.
struct SSHAccess: MachineAccess {
    let folder: StateFolder<ResallocState>

    /// More than any machine has.
    private static let mostHostKeys = 16

    func admit(
        _ keys: [String], to machine: ResallocState.Machine, as pool: ResallocFile.Pool, of allocation: String
    ) async throws(AllocatorFailure) -> [String] {
        let shell = ScriptOverSSH(
            name: machine.name, address: machine.address, port: machine.port, user: machine.user,
            identity: pool.identity, knownHosts: pool.knownHosts ?? "\(folder.path)/\(Self.file(allocation))",
            alias: machine.host, learnsHostKey: pool.knownHosts == nil)
        try await shell.admit(keys)
        guard pool.knownHosts != nil else { return [] }
        let hostKeys = Self.hostKeys(
            in: try await shell.run(HostScripts.whole("cat /etc/ssh/ssh_host_*_key.pub")))
        guard !hostKeys.isEmpty else {
            throw AllocatorFailure("\(machine.name): there is no host key in /etc/ssh/ssh_host_*_key.pub")
        }
        return hostKeys
    }

    func forget(_ allocation: String) { folder.remove(Self.file(allocation)) }

    private static func file(_ allocation: String) -> String { "\(allocation).known_hosts" }

    /// - Parameter output: lines of public keys.
    static func hostKeys(in output: [UInt8]) -> [String] {
        var keys: [String] = []
        for line in String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let key = try? PublicKey.parse(line: String(line)).key.line, !keys.contains(key) else {
                continue
            }
            keys.append(key)
        }
        return Array(keys.prefix(mostHostKeys))
    }
}
