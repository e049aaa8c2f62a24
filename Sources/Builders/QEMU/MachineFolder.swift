import BuildAPI
import BuilderSocket
import Foundation
import Provider
import SystemPackage
import TaskChannel

/// The files of one machine.
struct MachineFolder: Sendable {
    let path: FilePath

    /// The only folder that QEMU can write to; exists only while it starts.
    var emulator: FilePath { path.appending("emulator") }
    var monitorSocket: FilePath { path.appending("qmp.sock") }
    /// QEMU's file system, if it has one of its own; empty, because its mounts are QEMU's only.
    var root: FilePath { path.appending("root") }
    /// The control socket of the connection that the runner's calls of ssh share.
    var controlSocket: FilePath { SSHDestination.controlSocket(in: path) }
    /// QEMU's process number, and on a second line when it was started, as in proc(5).
    var processFile: FilePath { path.appending("pidfile") }
    var console: ConsoleLog { ConsoleLog(path: path.appending("console.log")) }
    var hostKeys: [HostKey] { HostKey.Kind.allCases.map { HostKey(kind: $0, folder: self) } }
    var knownHosts: FilePath { SSHDestination.knownHosts(in: path) }
    /// The initramfs with this machine's secrets; exists only while QEMU starts.
    var initramfs: FilePath { path.appending("initramfs") }
    /// A fifo that the keeper of the machine's socket holds open.
    var keeperLife: FilePath { path.appending("keeper") }
    /// The messages of slirp4netns.
    var networkLog: FilePath { path.appending("net.log") }
    var record: FilePath { path.appending("machine.json") }

    /// Whether the paths of the sockets fit into 107 bytes. ssh makes its socket under a name that is 17 bytes longer, and
    /// then renames it.
    var isShortEnough: Bool { controlSocket.string.utf8.count + SSHDestination.temporarySuffix <= 107 }

    /// Makes the folder, which nobody else can read.
    func create() throws(MachineError) {
        guard isShortEnough else {
            throw MachineError(.folderUnusable, detail: "\(path): the path is too long for a Unix socket.")
        }
        try attempt {
            try FileManager.default.createDirectory(
                atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path.string)
        }
    }

    /// Removes the files that show that a machine lives. Its console's log stays for the administrator.
    func removeTraces() {
        removeSecrets()
        if let socket = MachineRecord.read(from: self)?.socket { remove([FilePath(socket.path)]) }
        remove([
            emulator, root, monitorSocket, controlSocket, processFile, record, knownHosts, networkLog,
            keeperLife,
        ])
    }

    /// Removes the machine's secrets, which QEMU only reads while it starts.
    func removeSecrets() {
        remove([initramfs] + hostKeys.flatMap(\.files))
    }

    /// Takes from a QEMU that has started what it no longer needs: the secrets, and the folder that it can write to.
    ///
    /// Nothing can be made in a folder that has been removed, not even by a process that still has it open or mounted.
    /// This happens before anyone is in the guest, so there is nothing yet that we could not remove.
    func seal() throws(MachineError) {
        removeSecrets()
        remove([emulator])
        var status = stat()
        guard lstat(emulator.string, &status) != 0 else {
            throw MachineError(.folderUnusable, detail: "\(emulator) cannot be removed.")
        }
    }

    /// Two can do this at once, when a machine that is told to end ends. Each of them may not find what the other one has
    /// just removed, and begins again.
    func remove(_ files: [FilePath]) {
        for file in files {
            for _ in 0..<20 {
                do {
                    try FileManager.default.removeItem(atPath: file.string)
                    break
                } catch {
                    var status = stat()
                    if lstat(file.string, &status) != 0 { break }
                }
            }
        }
    }

    /// Writes a file, completely or not at all. By default only we can read it.
    func write(
        _ contents: Data, to file: FilePath, permissions: FilePermissions = .ownerReadWrite
    ) throws(MachineError) {
        try attempt {
            let new = FilePath(file.string + ".new")
            do {
                try? FileManager.default.removeItem(atPath: new.string)
                let opened = try FileDescriptor.open(
                    new, .writeOnly, options: [.create, .exclusiveCreate], permissions: permissions)
                try opened.closeAfter {
                    _ = try opened.writeAll(contents)
                    // Whatever our umask is.
                    guard fchmod(opened.rawValue, permissions.rawValue) == 0 else {
                        throw Errno(rawValue: errno)
                    }
                }
                guard rename(new.string, file.string) == 0 else { throw Errno(rawValue: errno) }
            } catch {
                // Half a file would only fill the disk.
                remove([new])
                throw error
            }
        }
    }

    func read(_ file: FilePath) throws(MachineError) -> Data {
        try attempt { try Data(contentsOf: URL(filePath: file.string)) }
    }

    private func attempt<Result>(_ body: () throws -> Result) throws(MachineError) -> Result {
        do {
            return try body()
        } catch let error as Errno where error == .noSpace || error == .diskQuotaExceeded {
            throw MachineError(.noSpace, detail: "\(path): \(error)")
        } catch let error as CocoaError where error.code == .fileWriteOutOfSpace {
            throw MachineError(.noSpace, detail: "\(path): \(error)")
        } catch {
            throw MachineError(.folderUnusable, detail: "\(path): \(error)")
        }
    }
}

/// What a restarted runner must know about a machine.
struct MachineRecord: Codable {
    /// On the host's loopback; nil: it is reached through a socket.
    var port: Int?
    /// Nil: it is reached through a port.
    var socket: BuilderSocket?
    var hostKeys: [String]
    var identity: String
    /// Nil: an earlier version has written it.
    var accelerator: Accelerator?
    var isIsolated: Bool?
    /// MiB.
    var memory: Int?
    /// Whether it has a network; nil: an earlier version has written it.
    var hasNetwork: Bool?
    /// Nil: it is nobody's, or an earlier version has written it.
    var allocation: String?

    var endpoint: Job.Builder.Endpoint? {
        if let socket { return .socket(path: socket.path) }
        return port.flatMap { UInt16(exactly: $0) }.map { .address("127.0.0.1", port: $0) }
    }

    static func read(from folder: MachineFolder) -> MachineRecord? {
        guard let data = try? folder.read(folder.record) else { return nil }
        return try? JSONDecoder().decode(MachineRecord.self, from: data)
    }

    func write(to folder: MachineFolder) throws(MachineError) {
        guard let data = try? JSONEncoder().encode(self) else { return }
        try folder.write(data, to: folder.record)
    }
}
