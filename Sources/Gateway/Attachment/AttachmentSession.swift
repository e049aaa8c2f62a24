import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient
import ServiceClient

/// `attach`: carries out what ``AttachmentMachine`` decides.
final class AttachmentSession: RunningCommand {
    let context: SessionContext
    /// Nil: the machine's key is nobody's.
    private let principal: Principal?
    private let service: any AttachmentService
    private let folder: AttachmentFolder
    private var machine: AttachmentMachine
    private var lines = AttachmentLines()
    private var reading: Watch?
    private var door: ListeningSocket?
    private var visitors: [VisitorID: VisitorConnection] = [:]
    private var comers = 0
    private var expected: [StreamID: ListeningSocket] = [:]
    private var streams: [StreamID: IncomingStream] = [:]
    private var job: AttachedJob?
    private var keeper: PermitKeeper?
    private var hasEnded = false

    /// The most connections of persons' processes that have not said who they are.
    private static let mostVisitors = 200

    /// - Parameters:
    ///   - principal: nil: the machine's key is nobody's, and so is the machine until somebody adopts it.
    ///   - stranger: why it cannot be anything else; nil: it can.
    init(
        for principal: Principal?, stranger: Refusal? = nil, _ service: any AttachmentService,
        in context: SessionContext
    ) throws(Refusal) {
        self.context = context
        self.principal = principal
        self.service = service
        let path: String
        let key: PublicKey
        do {
            folder = try AttachmentFolder(context.configuration.gateway.attached)
            guard let name = AttachmentFolder.randomName() else {
                throw AttachmentFolder.Failure(cause: "getrandom: \(String(cString: strerror(errno)))")
            }
            path = folder.socket(name)
            key = try Self.gatewayKey(context.configuration.builder.identity)
        } catch let error as AttachmentFolder.Failure {
            throw .notSetUp(error.cause)
        } catch {
            throw .notSetUp("\((error as? SSHClientError)?.debugDescription ?? "\(error)")")
        }
        let origin = AttachmentGreeting.Origin(
            key: context.key.line, address: context.environment.clientAddress, endpoint: "unix:\(path)",
            gateway: context.configuration.gateway.name)
        machine = AttachmentMachine(origin, key: key, stranger: stranger) { [context] in
            context.commandLine($0, terminal: true)
        }
        do throws(AttachmentFolder.Failure) {
            door = try ListeningSocket(at: path, on: context.loop) { [unowned self] in come($0) }
        } catch {
            throw .notSetUp(error.cause)
        }
    }

    private static func gatewayKey(_ path: String) throws -> PublicKey {
        let identity = try BuilderIdentity.read(path)
        guard let key = PublicKey(base64: try identity.publicKey()[...]) else {
            throw AttachmentFolder.Failure(cause: "\(path): no public key can be made of it")
        }
        return key
    }

    func start() {
        context.journal.note(
            "attach \(record) key=\(context.key.fingerprint) from=\(context.environment.clientAddress)"
        )
        context.client.onGone = { [unowned self] in lost($0) }
        keeper = principal.map { principal in
            PermitKeeper(principal, for: .attaching, in: context) { [unowned self] in take(.revoked($0)) }
        }
        reading = context.loop.watch(context.client.input, for: .readable) { [unowned self] _ in read() }
        perform(machine.begin())
    }

    /// Who has attached the machine, for the log.
    private var record: String { principal?.person.record ?? "nobody" }

    func interrupted(by signal: CInt) { lost("signal \(signal)") }

    private func lost(_ cause: String) {
        context.journal.note("attach: the connection is gone: \(cause)")
        take(.lost)
    }

    private func read() {
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        let count = Glibc.read(context.client.input, &piece, piece.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            reading?.cancel()
            return lost("end of file")
        }
        for line in lines.append(piece[..<count]) { take(.line(line)) }
    }

    private func take(_ event: AttachmentMachine.Event) {
        perform(machine.handle(event, at: .now))
    }

    private func perform(_ actions: [AttachmentMachine.Action]) {
        for action in actions where !hasEnded {
            switch action {
            case .send(let order): send(order)
            case .attach(let new): service.attach(new) { [unowned self] in answered($0) }
            case .resume(let known): service.resume(known) { [unowned self] in answered($0) }
            case .pair(let new): pair(new)
            case .renewPairing(let pairing): ask(about: pairing)
            case .endPairing(let pairing): end(pairing)
            case .renew(let attachment): service.renew(attachment) { [unowned self] in renewed($0) }
            case .report(let exit, let attachment):
                context.journal.note(
                    "attach job=\(attachment.job.id): the command ended with \(exit.exitStatus)")
                service.report(exit, of: attachment) { [unowned self] in renewed($0) }
            case .leave(let attachment, let departure): leave(attachment, departure)
            case .watch(let attachment): watch(attachment)
            case .expect(let stream): expect(stream)
            case .forget(let stream): expected[stream] = nil
            case .handOver(let stream, let visitor): handOver(stream, to: visitor)
            case .endStream(let stream): streams[stream] = nil
            case .refuse(let visitor, let code):
                visitors[visitor]?.refuse(errno: code)
                remove(visitor)
            case .dismiss(let visitor): remove(visitor)
            case .wait(let timer, let time):
                context.loop.timer(after: time) { [weak self] in self?.take(.timer(timer)) }
            case .refuseMachine(let refusal): refuse(refusal)
            case .finish(let status):
                end()
                context.finish(status)
            }
        }
    }

    // MARK: The script

    private func send(_ order: AttachmentOrder) {
        context.output.write(order.line + "\n")
        // It has not read for so long that it is not there any more.
        if context.output.isFull {
            context.loop.timer(after: .zero) { [weak self] in self?.lost("the script does not read") }
        }
    }

    private func refuse(_ refusal: Refusal) {
        let message = refusal.message
        context.journal.warn("attach refused status=\(message.status): \(message.cause)")
        if principal == nil { context.audit.refused(refusal) }
        send(.refuse(context.text(of: message)))
        end()
        // It can be a person, who has tried it.
        guard principal == nil else { return context.finish(message.status) }
        context.refuse(refusal)
    }

    private func end() {
        hasEnded = true
        context.journal.note("attach ended")
        keeper?.stop()
        reading?.cancel()
        job?.stop()
        door = nil
        (visitors, expected, streams) = ([:], [:], [:])
    }

    // MARK: The service

    private func answered(_ result: Result<Attachment, ServiceError>) {
        switch result {
        case .success(let attachment):
            context.journal.note(
                "attach job=\(attachment.job.id) owner=\(attachment.job.owner.id) \(record)")
            context.audit.changed("attaches the machine", job: attachment.job.id)
            if let user = attachment.serviceUser { admit(user) }
            take(.attached(attachment))
        case .failure(let error): take(.notAttached(error))
        }
    }

    /// The build service works in the machine itself.
    private func admit(_ user: uid_t) {
        do throws(AttachmentFolder.Failure) {
            try folder.admit(user)
            try door?.admit(user)
        } catch {
            context.journal.warn("attach: the build service cannot reach the machine: \(error.cause)")
        }
    }

    private func renewed(_ result: Result<Attachment, ServiceError>) {
        switch result {
        case .success(let attachment):
            // What makes the folder anew takes away what it was let in by.
            if let user = attachment.serviceUser { admit(user) }
            take(.renewed(attachment))
        case .failure(let error): take(.notRenewed(error))
        }
    }

    private func pair(_ new: NewAttachment) {
        guard let pairings = context.service.pairings else {
            return take(.notPaired(ServiceError(.notOffered, detail: "no pairings")))
        }
        pairings.pair(new) { [unowned self] result in
            switch result {
            case .success(let pairing):
                context.journal.note("attach: the machine waits for somebody to adopt it")
                take(.paired(pairing))
            case .failure(let error): take(.notPaired(error))
            }
        }
    }

    private func ask(about pairing: Pairing) {
        context.service.pairings?.renew(pairing) { [unowned self] result in
            switch result {
            case .success(let renewed):
                if let job = renewed.attachment?.job {
                    context.journal.note("attach job=\(job.id) owner=\(job.owner.id) has adopted the machine")
                }
                take(.pairingRenewed(renewed))
            case .failure(let error): take(.pairingNotRenewed(error))
            }
        }
    }

    private func end(_ pairing: Pairing) {
        context.journal.note("attach: nobody has adopted the machine")
        context.service.pairings?.end(pairing) { [unowned self] result in
            if case .failure(let error) = result {
                context.journal.warn("the service does not know that it has left: \(error.debugDescription)")
            }
            take(.left)
        }
    }

    private func leave(_ attachment: Attachment, _ departure: AttachmentDeparture) {
        context.journal.note("attach job=\(attachment.job.id): the machine leaves (\(departure.rawValue))")
        context.audit.changed("the machine leaves (\(departure.rawValue))", job: attachment.job.id)
        job?.stop()
        service.leave(attachment, departure) { [unowned self] result in
            if case .failure(let error) = result {
                context.journal.warn("the service does not know that it has left: \(error.debugDescription)")
            }
            take(.left)
        }
    }

    private func watch(_ attachment: Attachment) {
        job = AttachedJob(attachment, for: principal?.person, service, folder, in: context) {
            [unowned self] in
            take(.job($0))
        }
    }

    // MARK: People

    private func come(_ descriptor: CInt) {
        guard visitors.count < Self.mostVisitors else {
            close(descriptor)
            return
        }
        comers += 1
        let visitor = comers
        visitors[visitor] = VisitorConnection(descriptor, on: context.loop) { [unowned self] greeting in
            context.journal.note("attach: session \(greeting.session) wants a stream")
            take(.visitor(visitor, greeting))
        } gone: { [unowned self] in
            visitors[visitor] = nil
            take(.visitorLeft(visitor))
        }
    }

    /// Not at once: this can be in the middle of what it says.
    private func remove(_ visitor: VisitorID) {
        guard let connection = visitors.removeValue(forKey: visitor) else { return }
        context.loop.timer(after: .zero) { withExtendedLifetime(connection) {} }
    }

    private func expect(_ stream: StreamID) {
        do throws(AttachmentFolder.Failure) {
            expected[stream] = try ListeningSocket(
                at: folder.socket(stream.socketName(for: context.key)), on: context.loop
            ) { [unowned self] in come($0, as: stream) }
        } catch {
            context.journal.warn("attach: \(error.cause)")
        }
    }

    /// The first one that knows the id counts.
    private func come(_ descriptor: CInt, as stream: StreamID) {
        guard streams[stream] == nil, let socket = expected.removeValue(forKey: stream) else {
            close(descriptor)
            return
        }
        context.loop.timer(after: .zero) { withExtendedLifetime(socket) {} }
        streams[stream] = IncomingStream(descriptor, on: context.loop) { [unowned self] in
            take(.streamArrived(stream))
        } ended: { [unowned self] in
            context.loop.timer(after: .zero) { [weak self] in self?.streams[stream] = nil }
            take(.streamEnded(stream))
        }
    }

    private func handOver(_ stream: StreamID, to visitor: VisitorID) {
        guard let pair = streams[stream]?.take(), visitors[visitor]?.handOver(pair) == true else {
            return take(.streamEnded(stream))
        }
    }
}
