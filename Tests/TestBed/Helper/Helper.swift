import FoundationEssentials
import Glibc
import Synchronization
import SystemPackage

/// The process that owns a test bed: it starts everything, runs commands, and ends everything when its input ends.
public enum Helper {
    private static let output = Mutex(())

    /// Runs until standard input ends. It reports on standard output, one JSON value in each line.
    ///
    /// - Parameters:
    ///   - encoded: what `TestBed` has written.
    ///   - process: the process that made the namespaces; its process id outside.
    public static func serve(settings encoded: String, process: Int32) async {
        // The terminal's signals are for our parent, which then closes our input.
        for number in [SIGINT, SIGHUP, SIGTERM, SIGPIPE] { signal(number, SIG_IGN) }
        umask(0o022)
        do {
            let settings = try JSONDecoder().decode(TestBedSettings.self, from: Data(encoded.utf8))
            let folder = try await Folder.create()
            do {
                try await serve(settings, folder: folder, process: process)
            } catch {
                await folder.remove()
                throw error
            }
            await folder.remove()
        } catch let error as TestBedError {
            say(Greeting.failed(sentence: error.sentence, log: error.log))
        } catch {
            say(Greeting.failed(sentence: "the test bed could not be started: \(error)", log: ""))
        }
    }

    private static func serve(_ settings: TestBedSettings, folder: Folder, process: Int32) async throws {
        var layout = Layout(folder: folder.path)
        if settings.gateways.contains(.remote) { layout.networkPort = try SocketAddress.freePort() }
        let installation = try await Installation.make(settings: settings, layout: layout)
        defer { withExtendedLifetime(installation) {} }

        var gateways: [Gateway: GatewayDaemon] = [:]
        var runner: Daemon?
        do {
            for gateway in settings.gateways {
                gateways[gateway] = try await GatewayDaemon.start(
                    gateway, settings: settings, layout: layout, accounts: installation.accounts)
            }
            let ports = Dictionary(uniqueKeysWithValues: gateways.map { ($0.key.rawValue, $0.value.port) })
            try installation.finish(ports: ports, publicPort: gateways[.builds]?.port ?? 22)
            let started = try Daemon(
                settings.runner,
                [
                    "\(settings.programs)/\(settings.runner)", "serve", "--config",
                    Installed.configuration, "--ephemeral",
                ], log: layout.logs + "/runner.log")
            runner = started
            try await started.wait(for: try SocketAddress(unix: layout.socket))
            say(Greeting.started(Opening(folder: folder.path, ports: ports, process: process)))
            await runErrands()
        } catch {
            await end(runner: runner, gateways: gateways)
            throw error
        }
        await end(runner: runner, gateways: gateways)
    }

    /// Runs the commands from standard input in parallel, until it ends.
    private static func runErrands() async {
        await withDiscardingTaskGroup { group in
            for await line in Descriptor.lines(of: FileDescriptor(rawValue: 0)) {
                guard let errand = try? JSONDecoder().decode(Errand.self, from: Data(line)) else { continue }
                group.addTask { await run(errand) }
            }
            group.cancelAll()
        }
    }

    /// Ends the runner first: it ends its builders, and so the sessions.
    private static func end(runner: Daemon?, gateways: [Gateway: GatewayDaemon]) async {
        await runner?.end(patience: .seconds(20))
        for gateway in gateways.values { await gateway.daemon.end(patience: .seconds(5)) }
    }

    private static func run(_ errand: Errand) async {
        var report = Report(number: errand.number, status: 127, late: false, output: [], errors: [])
        do {
            let finished = try await Command.run(
                errand.arguments, input: Array(errand.input.utf8), deadline: .seconds(errand.deadline))
            report.status = finished.status
            report.late = finished.late
            report.output = finished.output
            report.errors = finished.errors
        } catch {
            report.errors = Array("\(error)".utf8)
        }
        say(report)
    }

    private static func say(_ value: some Encodable) {
        guard let line = try? JSONEncoder().encode(value) else { return }
        write(line + [UInt8(ascii: "\n")])
    }

    /// Writes whole lines, because several commands can end at once. It is not an error if the reader is gone: our
    /// input ends then.
    private static func write(_ line: Data) {
        output.withLock { _ in _ = try? FileDescriptor(rawValue: 1).writeAll(line) }
    }
}
