import BuildAPI
import CLinux
import EventLoop
import Foundation
import Glibc
import Testing

@testable import SSHClient

/// OpenSSH's sshd as whoever runs the tests, for them alone: each connection gets an `sshd -i` of its own, in a
/// folder with keys that were made for it.
final class Sshd {
    static let path = "/usr/sbin/sshd"
    /// sshd runs commands with the login shell, which must be one.
    static var canBeUsed: Bool {
        let shell = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_shell) } ?? ""
        return access(path, X_OK) == 0 && !shell.hasSuffix("nologin") && access(shell, X_OK) == 0
    }

    /// Whoever is not root cannot give a terminal to the group tty: it must be that group's already (devpts with `gid=5`).
    static var givesTerminals: Bool {
        var (ours, theirs): (CInt, CInt) = (-1, -1)
        var size = winsize()
        var status = stat()
        guard geteuid() != 0 else { return true }
        guard sp_open_terminal(&ours, &theirs, &size) == 0 else { return false }
        defer {
            close(ours)
            close(theirs)
        }
        let group = getgrnam("tty").map { $0.pointee.gr_gid }
        return fstat(theirs, &status) == 0 && status.st_gid == group
    }

    let folder = FileManager.default.temporaryDirectory.path + "/sshd-\(UUID().uuidString.prefix(8))"
    private let loop: EventLoop
    private let listener: CInt
    private let port: UInt16
    private var watch: Watch?
    private var processes: [pid_t] = []

    /// - Parameter options: lines of sshd_config(5) before all others.
    init(on loop: EventLoop, _ options: [String] = []) throws {
        self.loop = loop
        (listener, port) = Peer.listen()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["host", "user", "stranger"] { try makeKey(name) }
        try FileManager.default.copyItem(atPath: folder + "/user.pub", toPath: folder + "/authorized_keys")
        let configuration =
            options + [
                "HostKey \(folder)/host", "AuthorizedKeysFile \(folder)/authorized_keys", "StrictModes no",
                "UsePAM no", "PermitRootLogin prohibit-password", "PasswordAuthentication no",
                "KbdInteractiveAuthentication no", "PidFile none", "AcceptEnv SALLYPORT_*", "PrintMotd no",
                "PrintLastLog no", "LogLevel VERBOSE",
            ]
        try configuration.joined(separator: "\n").appending("\n")
            .write(toFile: folder + "/sshd_config", atomically: true, encoding: .utf8)
        // Where sshd as root puts those who have not logged in yet; services of the system's make it otherwise.
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        watch = loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
    }

    deinit {
        watch?.cancel()
        close(listener)
        for process in processes {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func accept() {
        let socket = SSHClientTests.accept(from: listener)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nowhere) }
        let process = spawn(
            [Self.path, "-i", "-f", folder + "/sshd_config", "-E", folder + "/log"], socket, socket, nowhere)
        guard let process else {
            Issue.record("sshd does not start")
            return
        }
        processes.append(process)
    }

    func makeKey(_ name: String, type: String = "ed25519") throws {
        try #require(
            succeeds(["/usr/bin/ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", "\(folder)/\(name)"])
        )
    }

    /// `<type> <base64>`.
    func publicKey(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name).pub", encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).prefix(2).joined(separator: " ")
    }

    func credentials(_ name: String = "user") throws -> BuilderCredentials {
        BuilderCredentials(try BuilderIdentity.read("\(folder)/\(name)"))
    }

    /// - Parameter hostKeys: the names of those that are pinned.
    func address(hostKeys: [String] = ["host"]) throws -> BuilderAddress {
        BuilderAddress(
            endpoint: .address("127.0.0.1", port: port),
            user: String(cString: try #require(getpwuid(geteuid())).pointee.pw_name),
            hostKeys: try hostKeys.map(publicKey))
    }

    /// What it has written into its log.
    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }
}
