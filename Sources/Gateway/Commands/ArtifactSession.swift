import BuildAPI
import EventLoop
import Policy
import ServiceClient

/// Writes an artifact, or a tar archive of all of them, to standard output, byte for byte, and ends the session.
///
/// The list comes first: it says what there is, and how much of it has to arrive.
final class ArtifactSession: RunningCommand {
    let context: SessionContext
    private let service: any ArtifactService
    private let permit: Permit
    /// Nil: all of them.
    private let name: String?
    private var stream: (any ServiceStream)?
    private var received = 0
    /// Bytes; nil: unknown.
    private var expected: Int?

    init(
        _ what: ArtifactsCommand.What, _ permit: Permit, of service: any ArtifactService,
        in context: SessionContext
    ) {
        if case .file(let name) = what { self.name = name } else { name = nil }
        self.permit = permit
        self.service = service
        self.context = context
    }

    func start() {
        service.artifacts(of: permit.job.id, for: permit.person) { [unowned self] result in
            switch result {
            case .success(let list): open(list)
            case .failure(let error): fail(error)
            }
        }
    }

    private func open(_ list: ArtifactList) {
        if let name {
            guard let artifact = list.artifacts.first(where: { $0.name == name }) else {
                return context.refuse(.noArtifact(permit.job.id, name, of: list.artifacts.map(\.name)))
            }
            expected = artifact.size
        }
        context.output.onDrain = { [unowned self] in stream?.resume() }
        stream = service.readArtifact(name, of: permit.job.id, for: permit.person) { [unowned self] bytes in
            guard !context.output.isFull else { return false }
            received += bytes.count
            context.output.write(bytes)
            return true
        } ended: { [unowned self] result in
            stream = nil
            switch result {
            case .success: finish()
            case .failure(let error): fail(error)
            }
        }
    }

    /// All of it has come; the session ends when the client has it.
    private func finish() {
        guard received == expected ?? received else {
            return context.refuse(.senseless("\(received) bytes of an artifact that has \(expected ?? 0)"))
        }
        guard context.output.isEmpty else {
            context.output.onDrain = { [unowned self] in if context.output.isEmpty { finish() } }
            return
        }
        context.finish(.success)
    }

    private func fail(_ error: ServiceError) {
        context.refuse(.serviceRefused(error, ArtifactsCommand.manual.name))
    }

    func interrupted(by signal: CInt) {
        stream?.cancel()
        context.finish(.signal(signal))
    }
}
