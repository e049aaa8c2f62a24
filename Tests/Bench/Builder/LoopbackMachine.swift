import BuildAPI
import Glibc
import Provider
import QEMU
import Runner
import Synchronization
import SystemPackage
import TaskChannel
import TestBed

/// An sshd with its own host key. `sh` runs the tasks on the host, with its folder as their working directory.
///
/// It lives in the test bed's private /etc and PID namespace, and must be root there.
final class LoopbackMachine: AllocatedBuilder, TaskChannel {
    let endpoint: Job.Builder.Endpoint
    /// People and the gateway log in to the test bed's ordinary account.
    let user = LoopbackMachine.account
    static let account = "builds"
    /// Where it is if it is in another network, and where we are then: addresses for benchmarks (RFC 2544).
    static let distantAddress = "198.18.0.2"
    private static let nearAddress = "198.18.0.1"
    let hostKeys: [String]

    private let folder: String
    private let process: pid_t
    private let scripts = Mutex<[String: String]>([:])
    private let (ended, ending) = AsyncStream<Never>.makeStream()

    private init(folder: String, address: String, port: UInt16, hostKey: String, process: pid_t) {
        self.folder = folder
        endpoint = .address(address, port: port)
        hostKeys = [hostKey]
        self.process = process
    }

    /// In the folder `$1`; prints the host key.
    private static let makeHostKey = """
        set -eu
        umask 022
        mkdir -p "$1"
        cd "$1"
        ssh-keygen -q -t ed25519 -N '' -C builder -f host_key
        cut -d ' ' -f 1,2 host_key.pub
        """

    /// Makes an sshd at the address `$3`, port `$2`, with the host key in the folder `$1`; prints its process id when it listens.
    ///
    /// sshd reads `authorized_keys` as the user: the folder must be open to everybody.
    private static let sshd = """
        set -eu
        umask 022
        cd "$1"
        cat > authorized_keys
        cat > sshd_config <<END
        Port $2
        ListenAddress $3
        HostKey $1/host_key
        HostCertificate $1/host_key-cert.pub
        PidFile $1/pid
        AuthorizedKeysFile $1/authorized_keys $1/people_keys
        UsePAM no
        UseDNS no
        MaxStartups 500
        END
        mount -t tmpfs -o mode=0755 run /run
        mkdir /run/sshd
        /usr/sbin/sshd -f sshd_config -E log
        while [ ! -s pid ]; do sleep 0.01; done
        cat pid
        """

    /// Starts the program `$3`, which lets in whom it likes, and prints its process id when it listens.
    private static let otherServer = """
        set -eu
        cd "$1"
        "$3" "$1/host_key" "$2" "$1/pid" > log 2>&1 &
        while [ ! -s pid ]; do kill -0 $!; sleep 0.01; done
        cat pid
        """

    /// - Parameters:
    ///   - server: the program that serves instead of sshd.
    ///   - network: the program that runs sshd in another network; nil: it is on the loopback.
    static func start(
        named name: String, server: String? = nil, network: String? = nil, authorizedKeys: [String],
        certificate: HostCertificate
    ) async throws -> LoopbackMachine {
        let folder = "/etc/sallyport/builders/\(name)"
        let port = UInt16(try HostPort.loopback.pick())
        let made = try await Command.run(["/bin/sh", "-c", makeHostKey, "sh", folder])
        guard made.status == 0, let hostKey = made.text.split(separator: "\n").first else {
            throw TestBedError("the builder's host key was not made", log: made.description)
        }
        try await certificate.sign([FilePath("\(folder)/host_key.pub")])
        let address = network == nil ? "127.0.0.1" : distantAddress
        let started = try await Command.run(
            (network.map { [$0, nearAddress, address, "1"] } ?? []) + [
                "unshare", "--mount", "/bin/sh", "-c", server == nil ? sshd : otherServer, "sh", folder,
                "\(port)", server ?? address,
            ],
            input: authorizedKeys.flatMap { Array("\($0)\n".utf8) })
        guard started.status == 0,
            let process = started.text.split(separator: "\n").first.flatMap({ pid_t($0) })
        else {
            throw TestBedError("the builder's sshd did not start", log: started.description)
        }
        return LoopbackMachine(
            folder: folder, address: address, port: port, hostKey: String(hostKey), process: process)
    }

    var channel: any TaskChannel { self }

    func unpack(_ archive: String, isCompressed: Bool) async throws {}
    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder { ReadyBuilder(isCertified: false) }

    func waitUntilEnded() async { for await _ in ended {} }

    func end() {
        kill(process, SIGTERM)
        ending.finish()
    }

    func setDeadline(secondsFromNow seconds: Int) async throws {}

    /// No job here wants any.
    func collect(
        _ wanted: WantedFiles, _ receive: @escaping @Sendable (FilePart) async throws -> Void
    ) async throws {}

    /// In this process, because in a real builder a helper is already running for this.
    func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool {
        let new = FilePath("\(folder)/people_keys.new")
        let file = try FileDescriptor.open(
            new, .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(people.keys.map { $0.line + "\n" }.joined().utf8) }
        guard rename(new.string, "\(folder)/people_keys") == 0 else { throw Errno(rawValue: errno) }
        return true
    }

    func prepare(_ workload: Workload) async throws {
        scripts.withLock { for task in workload.tasks { $0[task.name] = task.text } }
    }

    /// `follow` runs it.
    func startTask(_ name: String) async throws {}

    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome {
        let script = scripts.withLock { $0[name] } ?? ""
        let (pieces, output) = AsyncStream<[UInt8]>.makeStream()
        async let finished = {
            defer { output.finish() }
            return try await Command.run(
                ["/bin/sh", "-c", "cd \"$0\" || exit\n\(script)", folder], deadline: .seconds(3600),
                forward: { output.yield($0) })
        }()
        for await piece in pieces { try await receive(piece) }
        return TaskOutcome(exitStatus: Int(try await finished.status))
    }
}
