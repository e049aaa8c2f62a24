import BuildAPI
import CLinux
import ConfigurationFile
import EventLoop
import Glibc
import Policy
import ServiceClient

/// Goes through a session as ``ForcedSession`` does, up to where it would begin to act.
final class LoginRehearsal {
    private let login: LoginExplanation.Login
    private let context: SessionContext
    private let reader: Reader
    private let records: Records

    private final class Records {
        var texts: [String] = []
        var refusal: Refusal?
    }

    init(
        _ login: LoginExplanation.Login, by configuration: Configuration, asking service: any BuildService,
        on loop: EventLoop
    ) {
        self.login = login
        let records = Records()
        self.records = records
        let journal = Journal { _, text in records.texts.append(text) }
        let reader = Reader(on: loop)
        self.reader = reader
        context = SessionContext(
            loop: loop, service: service, configuration: configuration,
            environment: SessionEnvironment(
                originalCommand: login.command.map { Array($0.utf8) }, userAuthenticationFile: nil,
                clientAddress: login.address, account: login.account, hasTerminal: login.hasTerminal,
                terminalType: "",
                locale: [], agentSocket: nil),
            journal: journal, audit: SessionAudit(configuration.gateway, journal: journal) { _ in },
            key: login.key,
            client: Client(
                on: loop, journal: journal, hasTerminal: login.hasTerminal, input: reader.input,
                outputs: (reader.input, reader.input)),
            onRefusal: { records.refusal = $0 })
    }

    func explanation() -> LoginExplanation {
        var explanation = LoginExplanation()
        let authorization = Authorization(in: context, asksAboutTerms: false) { [self] command in
            explanation.rule = command.rule
            do throws(Refusal) {
                explanation.next = try steps(after: command)
                explanation.isLetIn = true
                context.finish(.success)
            } catch {
                context.refuse(error)
            }
        }
        authorization.start()
        let status = withExtendedLifetime(authorization) { context.client.run() }
        explanation.reads = reader.text.replacing(" [session \(context.journal.session)]", with: "")
        explanation.record = records.texts.map {
            $0.replacing("session=\(context.journal.session) ", with: "")
        }
        if let refusal = records.refusal {
            explanation.status = status.code
            if case .denied(.termsNotAccepted, _, _) = refusal, login.hasTerminal {
                explanation.next = [
                    "On a terminal, the person is asked whether they accept them, and goes on."
                ]
            }
            if case .denied(.unknownKey, _, _) = refusal { explanation.isStranger = true }
            explanation.rule = refusal.rule
        }
        return explanation
    }

    /// What the session would do first.
    private func steps(after command: AuthorizedCommand) throws(Refusal) -> [String] {
        guard case .job(let command, let permit) = command, let entering = command as? any EnteringCommand
        else { return [] }
        try entering.requireWay(permit, in: context)
        var machine = BuilderSessionMachine(
            permit.job, kind: entering is ProxyCommand ? .proxy : .exec, now: entering.now,
            isOwner: permit.standing.isOwners)
        var steps: [String] = []
        for action in machine.begin() {
            switch action {
            case .refuse(let refusal, _): throw refusal
            case .say(let notice), .wait(let notice): steps.append(notice.text)
            case .claim:
                steps.append("The gateway claims the builder, which stays as long as the person is there.")
            case .connect(let builder):
                steps.append("It connects to the builder at \(builder.place).")
            default: break
            }
        }
        return steps
    }
}

/// Where everything goes that a person would read.
private final class Reader {
    let input: CInt
    private let output: CInt
    private var bytes: [UInt8] = []
    private var watch: Watch?

    /// What is written to this is kept.
    init(on loop: EventLoop) {
        var ends: [CInt] = [-1, -1]
        guard sp_pipe(&ends) == 0 else { fatalError("pipe: \(String(cString: strerror(errno)))") }
        (output, input) = (ends[0], ends[1])
        watch = loop.watch(output, for: .readable) { [unowned self] _ in take() }
    }

    deinit {
        watch?.cancel()
        close(input)
        close(output)
    }

    private func take() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(output, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    }

    var text: String {
        take()
        return String(decoding: bytes, as: UTF8.self)
    }
}
