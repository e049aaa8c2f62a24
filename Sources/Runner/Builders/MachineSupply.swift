import ConfigurationFile
import Glibc
import Machines
import SystemPackage

/// Builders are QEMU virtual machines.
public struct MachineSupply: BuilderSupply {
    private let accelerator: Accelerator
    private let authorizedKeys: [String]
    private let identity: FilePath

    /// - Parameter identity: the runner's own, whose public half every builder lets in.
    init(_ configuration: Configuration.Runner, identity: RunnerIdentity) {
        accelerator =
            switch configuration.accelerator {
            case .automatic: .automatic
            case .kvm: .kvm
            case .tcg: .tcg
            }
        authorizedKeys = [identity.publicKey] + configuration.gatewayKeys
        self.identity = FilePath(identity.path)
    }

    public func start(_ plan: BuilderPlan) async throws -> any BuilderMachine {
        let specification = MachineSpecification(
            folder: FilePath(plan.folder), image: FilePath(plan.image), memory: plan.memory,
            processors: plan.processors, network: plan.network == .outbound ? .outbound : .none,
            accelerator: accelerator, authorizedKeys: authorizedKeys, identity: identity, life: plan.life,
            grace: plan.grace)
        do {
            return VirtualBuilder(machine: try await Machine.start(specification))
        } catch  where error.code == .noSpace {
            throw RunnerError(.noSpace, error.description, detail: error.detail)
        } catch  where error.code == .networkFailed {
            throw RunnerError(
                .failure, "the rules that protect others from the builder's network cannot be set",
                detail: error.detail)
        }
    }

    public func adopt(_ plan: BuilderPlan) async -> (any BuilderMachine)? {
        await Machine.adopt(folder: FilePath(plan.folder)).map { VirtualBuilder(machine: $0) }
    }

    public func discard(_ plan: BuilderPlan) async {
        if let machine = await Machine.adopt(folder: FilePath(plan.folder)) { await machine.end() }
        // The console's log stays only while nobody asks for more than that the builder has ended.
        for name in ["console.log"] { unlink("\(plan.folder)/\(name)") }
        rmdir(plan.folder)
    }
}

/// A virtual machine as jobs see it.
private struct VirtualBuilder: BuilderMachine {
    let machine: Machine

    var address: String { machine.address }
    var port: UInt16 { UInt16(machine.port) }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }

    func waitUntilReady(within seconds: Int) async throws {
        try await machine.waitUntilReady(before: .now + .seconds(seconds))
    }

    func waitUntilEnded() async { await machine.waitUntilEnded() }

    func end() async { await machine.end() }

    func setDeadline(secondsFromNow seconds: Int) async throws {
        try await machine.setDeadline(secondsFromNow: seconds)
    }

    func prepare(environment: [Manifest.Variable], tasks: [Manifest.Task]) async throws {
        try await machine.prepare(
            Job(
                environment: environment.map { Job.Variable(name: $0.name, value: $0.value) },
                tasks: tasks.map { Job.Script(name: $0.name, text: $0.script) }))
    }

    func startTask(_ name: String) async throws { try await machine.startTask(name) }

    /// A connection that breaks is made again, from where it broke, as long as the machine lives.
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
                return TaskOutcome(exitStatus: Int(end.exitStatus), isDiskFull: end.isDiskFull)
            } catch {
                attempts = offset > before ? 1 : attempts + 1
                guard error.code == .connectionLost, machine.isAlive, attempts <= 5 else { throw error }
                try await Task.sleep(for: .milliseconds(200 * attempts))
            }
        }
    }
}
