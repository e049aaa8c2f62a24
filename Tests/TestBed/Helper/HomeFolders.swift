/// The home of a person who has logged in to the gateway before: a key, and the gateway's host key.
enum HomeFolders {
    /// Makes the home of an account.
    ///
    /// - Parameters:
    ///   - key: the path of a private key; the public one is next to it.
    ///   - ports: the gateways' ports.
    static func make(_ person: Accounts.Account, key: String, ports: [UInt16], hostKey: String) throws {
        let owner = (person.number, person.number)
        let folder = person.home + "/.ssh"
        try Files.makeFolder(person.home, mode: 0o700, owner: owner)
        try Files.makeFolder(folder, mode: 0o700, owner: owner)
        try Files.write(try Files.read(key), to: folder + "/id_ed25519", mode: 0o600, owner: owner)
        try Files.write(try Files.read(key + ".pub"), to: folder + "/id_ed25519.pub", owner: owner)
        let known = ports.map { "[\(Layout.publicHost)]:\($0) \(hostKey)\n" }.joined()
        try Files.write(known, to: folder + "/known_hosts", owner: owner)
    }
}
