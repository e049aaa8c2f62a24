import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import Provider
import SystemPackage
import TaskChannel

/// The runner's files about one allocation: how its machine is reached, its host keys, ssh's control socket.
struct AllocationFolder: Sendable {
    let path: FilePath

    /// - Parameter pool: the folder of the pool. The name is short, since a socket's path can have 107 bytes.
    init(of allocation: AllocationID, in pool: String) {
        path = FilePath(pool).appending(allocation.description)
    }

    /// A file of known_hosts that names the runner's host authority, and no key of the machine's.
    var authority: FilePath { path.appending("authority") }
    /// A link to the socket at which the machine's gateway gives out streams to it. It leads elsewhere when the machine has come
    /// back.
    var socket: FilePath { path.appending("gateway.sock") }
    /// The private key with which the machine can dial, until it has.
    var attachKey: FilePath { path.appending("attach") }
    private var record: String { path.appending("machine.json").string }

    /// Stores how the machine is reached, completely or not at all.
    func store(_ machine: AllocatedMachine) throws {
        try make()
        try SmallFile.replace(
            SSHDestination.knownHosts(in: path).string, with: SSHDestination.pins(machine.hostKeys))
        try SmallFile.replace(record, with: String(decoding: try JSON.encode(machine), as: UTF8.self))
    }

    /// Nil: there is none.
    func machine() -> AllocatedMachine? {
        guard let text = try? SmallFile.read(record, for: .nobody) else { return nil }
        let machine = try? JSON.decode(AllocatedMachine.self, from: Data(text.utf8))
        return machine?.isWhole == true ? machine : nil
    }

    /// Makes the folder, if there is none.
    func make() throws(Errno) {
        guard mkdir(path.string, 0o700) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    /// Lets ``socket`` lead there, at every moment to some place.
    func link(to target: String) throws(Errno) {
        let new = socket.string + ".new"
        unlink(new)
        guard symlink(target, new) == 0, rename(new, socket.string) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Where ``socket`` leads; nil: nowhere.
    var linkedSocket: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: socket.string)
    }

    /// The machine has dialled, so nobody needs the key any more.
    func removeAttachKey() {
        for file in [attachKey.string, attachKey.string + ".pub"] { unlink(file) }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path.string)
    }
}
