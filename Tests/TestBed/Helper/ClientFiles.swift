import Glibc

/// The files of the people who log in: a key for each, the gateway's host key, and a configuration that names them.
struct ClientFiles: Sendable {
    let folder: String
    let owner: (user: uid_t, group: gid_t)

    /// Makes the folder and a key for each person.
    func create(people: [String]) async throws {
        try Files.makeFolder(folder, mode: 0o700, owner: owner)
        for person in people { try await makeKey(person) }
    }

    /// Makes a key that the owner can use, `name` and `name.pub`.
    func makeKey(_ name: String) async throws {
        let path = folder + "/" + name
        try await Self.makeKey(path, comment: name)
        guard chown(path, owner.user, owner.group) == 0, chown(path + ".pub", owner.user, owner.group) == 0
        else { throw TestBedError("the owner of the key of \(name) could not be changed") }
    }

    /// Writes `ssh_config` and `known_hosts`. A gateway's name alone means the first person; `gateway-person` means
    /// that person. `job-1` is the builder of job 1 for the first person's own ssh, through the gateway `builds`, once
    /// known_hosts has what the verb `known-hosts` prints.
    func write(ports: [String: UInt16], people: [String], hostKey: String) throws {
        var known = ""
        var hosts = ""
        let gateways = ports.sorted { $0.key < $1.key }
        for (gateway, port) in gateways {
            known += "[127.0.0.1]:\(port) \(hostKey)\n"
            for (index, person) in people.enumerated() {
                let names = (index == 0 ? [gateway] : []) + ["\(gateway)-\(person)"]
                hosts += """
                    Host \(names.joined(separator: " "))
                        Port \(port)
                        IdentityFile \(folder)/\(person)

                    """
            }
        }
        let configuration =
            hosts + """
                Host job-*
                    HostName %h
                    User build
                    ProxyCommand ssh -F \(folder)/ssh_config \(Gateway.builds.rawValue) proxy %h
                    IdentityFile \(folder)/\(people[0])
                Host *
                    HostName 127.0.0.1
                    User builds
                    UserKnownHostsFile \(folder)/known_hosts
                    GlobalKnownHostsFile /dev/null
                    StrictHostKeyChecking yes
                    UpdateHostKeys no
                    IdentitiesOnly yes
                    IdentityAgent none
                    BatchMode yes

                """
        try Files.write(configuration, to: folder + "/ssh_config", owner: owner)
        try Files.write(known, to: folder + "/known_hosts", owner: owner)
    }

    /// Makes an ed25519 key without a passphrase.
    static func makeKey(_ path: String, comment: String) async throws {
        let made = try await Command.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
        guard made.status == 0 else { throw TestBedError("ssh-keygen made no key", log: made.description) }
    }
}
