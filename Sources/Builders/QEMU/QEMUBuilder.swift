import BuildAPI
import Presentation
import Provider

/// A virtual machine as jobs see it.
struct QEMUBuilder: AllocatedBuilder {
    let machine: Machine

    var endpoint: Job.Builder.Endpoint { machine.endpoint }
    var user: String { machine.user }
    var hostKeys: [String] { machine.hostKeys }
    var channel: any TaskChannel { machine.channel }

    var execution: BuilderExecution {
        BuilderExecution(
            accelerator: machine.accelerator.map { Job.Builder.Accelerator(rawValue: $0.rawValue) },
            isIsolated: machine.isIsolated, memory: machine.memory)
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

    func waitUntilReady(within seconds: Int) async throws -> ReadyBuilder {
        try await machine.waitUntilReady(before: .now + .seconds(seconds))
        return ReadyBuilder(isCertified: true)
    }

    func waitUntilEnded() async { await machine.waitUntilEnded() }
}
