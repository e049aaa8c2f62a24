import BuildAPI
import Presentation
import QEMU
import SystemPackage

/// A virtual machine as jobs see it.
struct VirtualBuilder: BuilderMachine {
    let machine: Machine

    var address: String { machine.address }
    var port: UInt16 { UInt16(machine.port) }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }

    var execution: BuilderExecution {
        BuilderExecution(
            accelerator: machine.accelerator.map { Job.Builder.Accelerator(rawValue: $0.rawValue) },
            isIsolated: machine.isIsolated)
    }

    var traffic: String? {
        get async {
            guard let traffic = await machine.traffic else { return nil }
            let deferred =
                traffic.deferred > 0 ? ", \(traffic.deferred.counted("attempt")) above the limit" : ""
            return
                "\(traffic.connections.counted("connection")), \(traffic.bytesSent.counted("byte")) sent, "
                + "\(traffic.bytesReceived.counted("byte")) received\(deferred)"
        }
    }

    func waitUntilReady(within seconds: Int) async throws {
        try await machine.waitUntilReady(before: .now + .seconds(seconds))
    }

    func waitUntilEnded() async { await machine.waitUntilEnded() }

    func end() async { await machine.end() }

    func setDeadline(secondsFromNow seconds: Int) async throws {
        try await machine.setDeadline(secondsFromNow: seconds)
    }

    func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool {
        try await machine.admit(people.lines(left: left))
    }

    func unpack(_ archive: String) async throws {
        do {
            try await machine.unpack(
                FilePath(archive), isCompressed: try SourceArchive(path: archive).isCompressed())
        } catch let error as MachineError {
            let reason =
                switch error.code {
                case .helperMissing: "the image cannot do that; it has to be made anew"
                // "status 2: tar: …"
                case .commandFailed:
                    error.detail.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                default: "the builder does not answer"
                }
            throw RunnerError(
                .failure, "the source could not be unpacked: \(HostileText.printable(reason, limit: 200))",
                detail: String(reflecting: error))
        }
    }

    func prepare(environment: [Manifest.Variable], tasks: [Manifest.Task]) async throws {
        try await machine.prepare(
            Workload(
                environment: environment.map { Workload.Variable(name: $0.name, value: $0.value) },
                tasks: tasks.map { Workload.Script(name: $0.name, text: $0.script) }))
    }

    func startTask(_ name: String) async throws { try await machine.startTask(name) }

    /// A broken connection is made again, and continues where it broke, as long as the machine lives.
    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome {
        var offset = offset
        var attempts = 0
        while true {
            let before = offset
            do {
                let end = try await machine.follow(task: name, from: offset) { bytes in
                    try await receive(bytes)
                    offset += bytes.count
                }
                return TaskOutcome(
                    exitStatus: Int(end.exitStatus), shortages: end.shortages,
                    completesBuild: end.completesBuild)
            } catch {
                attempts = offset > before ? 1 : attempts + 1
                guard error.code == .connectionLost, machine.isAlive, attempts <= 5 else { throw error }
                try await Task.sleep(for: .milliseconds(200 * attempts))
            }
        }
    }
}
