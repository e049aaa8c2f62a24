import FoundationEssentials
import Glibc
import Subprocess
import Synchronization

/// A running test bed, seen from outside: Sallyport's gateway, its build service and its builders on this machine.
public final class TestBed: Sendable {
    /// The temporary folder.
    public let folder: String
    private let ports: [String: UInt16]
    private let process: Int32
    private let programs: String
    private let helperRequests: HelperRequests

    private init(_ opening: Opening, programs: String, helperRequests: HelperRequests) {
        folder = opening.folder
        ports = opening.ports
        process = opening.process
        self.programs = programs
        self.helperRequests = helperRequests
    }

    /// The folder with keys, `ssh_config` and `known_hosts`.
    public var client: String { folder + "/client" }

    /// The address of its build service.
    public var serviceSocket: String { Layout(folder: folder).socket }

    /// The runner's folder with its database, which only commands inside the test bed can see.
    public var state: String { Layout(folder: folder).state }

    /// Where the gateway `orphaned` looks for its build service. Nothing listens there unless a test does.
    public var orphanedSocket: String { Self.orphanedSocket(in: folder) }

    static func orphanedSocket(in folder: String) -> String { folder + "/run/nobody.sock" }

    /// Where the gateways `sourcehut` and `sourcehutRemote` look for their worker. Nothing listens there unless a test
    /// does.
    public var workerSocket: String { Self.workerSocket(in: folder) }
    /// Where the gateway `sourcehut` looks for the worker's logs: a folder that a test has to make.
    public var workerLogs: String { Self.workerLogs(in: folder) }
    /// Where gateways record sessions, one folder for each job.
    public var sessionFiles: String { folder + "/machine/run/sallyport/sessions" }

    static func workerSocket(in folder: String) -> String { folder + "/run/worker.sock" }
    static func workerLogs(in folder: String) -> String { folder + "/run/buildlogs" }

    /// The port of a gateway.
    public func port(of gateway: Gateway) -> UInt16 { ports[gateway.rawValue] ?? 0 }

    /// Runs a command as root inside the test bed, where /proc shows only the test bed's processes.
    public func run(
        _ arguments: [String], input: String = "", deadline: Int = 30
    ) async throws -> Finished {
        let report = try await helperRequests.run(arguments, input: input, deadline: deadline)
        return Finished(
            arguments: arguments, status: report.status, late: report.late, output: report.output,
            errors: report.errors)
    }

    /// Returns when the test bed has ended, which it does by itself only if its helper is killed, or when the
    /// calling task is cancelled.
    public func ended() async { await helperRequests.ended() }

    /// Runs the operator's tool.
    public func sallyport(
        _ arguments: [String], input: String = "", deadline: Int = 30
    ) async throws -> Finished {
        try await run([programs + "/sallyport"] + arguments, input: input, deadline: deadline)
    }

    /// The command line of ssh to a gateway, as `person` if it is not the first one.
    public func ssh(
        _ arguments: [String], to gateway: Gateway = .builds, as person: String? = nil, options: [String] = []
    ) -> [String] {
        let host = person.map { "\(gateway.rawValue)-\($0)" } ?? gateway.rawValue
        return ["ssh", "-F", client + "/ssh_config"] + options + [host] + arguments
    }

    /// The name of the machine with the gateways in the test bed.
    public static var publicHost: String { Layout.publicHost }

    /// A port that is free at the moment.
    public static func freePort() throws -> UInt16 { try SocketAddress.freePort() }

    /// The home of a person in the test bed: `~/.ssh` there has a key and the gateways' host key.
    public func home(of person: String) -> String { Layout(folder: folder).home(of: person) }

    /// The command line that runs another one inside the test bed, as a user who has logged in there.
    ///
    /// Input and output pass through unchanged, and so does a terminal.
    ///
    /// - Parameter prefix: a command that takes another one, and does something as root first.
    public func inside(
        _ arguments: [String], as person: String, prefix: [String] = []
    ) -> [String] {
        Self.asRoot + [
            "nsenter", "--target=\(process)", "--mount", "--pid=/proc/\(process)/ns/pid_for_children",
            "--wdns=\(home(of: person))",
        ] + prefix + [
            "setpriv", "--reuid=\(person)", "--regid=\(person)",
            "--init-groups",
            "--reset-env",
        ] + arguments
    }

    /// The ends of all logs, to find out why something failed.
    public func logTails(lines: Int = 15) async -> String {
        let script = "for log in \(folder)/log/*; do echo \"==> ${log##*/}\"; tail -n \(lines) \"$log\"; done"
        return (try? await run(["/bin/sh", "-c", script]))?.text ?? "(no logs: the test bed has ended)"
    }

    /// Starts a test bed, passes it to `body`, and ends it; afterwards nothing is left.
    ///
    /// Throws a `TestBedError` if it cannot be started. Needs root, or sudo.
    /// Do not cancel the task that calls it: the test bed would be killed instead of ended.
    public static func with<Result: Sendable>(
        _ settings: TestBedSettings, _ body: @Sendable (TestBed) async throws -> Result
    ) async throws -> Result {
        let encoded = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        let arguments =
            asRoot + (settings.hasOwnNetwork ? Machine.alone : []) + [
                "sh", "-c", Machine.apart, "sh", "/bin/sh", "-c", Machine.firstProcess, "sh",
                settings.programs + "/sallyport-demo", "test-bed", encoded,
            ]
        // Use a separate process group, so that Ctrl-C reaches only us and the helper ends everything in order.
        var options = PlatformOptions()
        options.processGroupID = 0
        let place = Mutex<String?>(nil)
        let outcome: Swift.Result<Result, any Error>
        do {
            let result = try await Subprocess.run(
                .name(arguments[0]), arguments: Arguments(Array(arguments.dropFirst())),
                platformOptions: options,
                input: .inputWriter, output: .sequence, error: .currentStandardError
            ) { execution in
                let writer = execution.standardInputWriter
                let helperRequests = HelperRequests { _ = try await writer.write($0) }
                async let listening: Void = listen(to: execution.standardOutput, helperRequests)
                do {
                    let opening = try await helperRequests.greeting()
                    place.withLock { $0 = opening.folder }
                    let testBed = TestBed(
                        opening, programs: settings.programs, helperRequests: helperRequests)
                    let result = try await body(testBed)
                    try? await writer.finish()
                    await listening
                    return result
                } catch {
                    try? await writer.finish()
                    await listening
                    throw error
                }
            }
            outcome = .success(result.closureResult)
        } catch {
            outcome = .failure(error)
        }
        // The helper removes it, unless it was killed.
        if let folder = place.withLock({ $0 }), access(folder, F_OK) == 0 {
            _ = try? await Command.run(asRoot + ["rm", "-rf", "--one-file-system", folder])
        }
        return try outcome.get()
    }

    private static var asRoot: [String] { geteuid() == 0 ? [] : ["sudo", "-n"] }

    private static func listen(to output: SubprocessOutputSequence, _ helperRequests: HelperRequests) async {
        do {
            for try await piece in output { helperRequests.receive(piece.withUnsafeBytes { Array($0) }) }
        } catch {
            // The helper is gone; the waiting callers are notified below.
        }
        helperRequests.end()
    }
}
