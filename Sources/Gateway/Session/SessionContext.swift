import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// Everything that a command works with, except the permit, which says who asks for what.
struct SessionContext {
    let loop: EventLoop
    let service: any BuildService
    let configuration: Configuration
    let environment: SessionEnvironment
    let journal: Journal
    let audit: SessionAudit
    /// The plain key that authenticated.
    let key: PublicKey
    let client: Client
    /// Called with the reason of each refusal before the person reads it.
    var onRefusal: (Refusal) -> Void = { _ in }
    /// Called when the person is inside a builder.
    var onEntry: () -> Void = {}

    var output: OutputSink { client.output }
    var errors: OutputSink { client.errors }

    func say(_ sentence: String) { client.say(sentence) }
    func finish(_ status: ExitStatus) { client.finish(status) }

    func refuse(_ refusal: Refusal) {
        onRefusal(refusal)
        let message = refusal.message
        client.refuse(message, text: text(of: message))
    }

    /// A message as people read it at this gateway.
    func text(of message: Message) -> String {
        message.text(
            commandLine: { commandLine($0, terminal: $1) },
            contact: configuration.gateway.contact.map { HostileText.printable($0, limit: 400) })
    }

    /// Prints a command's answer on standard output, and ends the session.
    func answer(_ text: String) {
        output.write(text)
        finish(.success)
    }

    /// Prints a command's answer, as text or as JSON, on standard output, and ends the session.
    func answer(_ value: some Encodable, json: Bool, text: () -> String) {
        if json {
            guard let text = try? HostileText.json(value) else { return refuse(.unwritableAnswer) }
            answer(text + "\n")
        } else {
            answer(text())
        }
    }

    /// The full command line for a command: `ssh -t builds@host connect 42`.
    func commandLine(_ words: String, terminal: Bool = false) -> String {
        gatewayCommandLine(words, terminal: terminal)
    }

    /// The same with a certain key, whatever the person's agent has.
    func commandLine(_ words: String, identity: String) -> String {
        gatewayCommandLine.command(words, options: ["-o IdentitiesOnly=yes", "-i \(identity)"])
    }

    var gatewayCommandLine: GatewayCommandLine {
        GatewayCommandLine(
            account: environment.account, host: configuration.gateway.publicHost ?? Self.hostName(),
            port: configuration.gateway.publicPort)
    }

    /// Throws if the job's machine has dialled another gateway, which alone reaches it.
    func requireHere(_ job: Job) throws(Refusal) {
        guard let gateway = job.attached?.gateway, gateway != configuration.gateway.name,
            HostName.isValid(gateway)
        else { return }
        let there = GatewayCommandLine(
            account: environment.account, host: gateway, port: configuration.gateway.publicPort)
        throw .atOtherGateway(
            job.id, gateway: gateway, commandLine: there("connect \(job.id)", terminal: true))
    }

    /// The name in the configuration, if it is safe in a client's configuration.
    var publicName: String? {
        configuration.gateway.publicHost.flatMap { HostName.isValid($0) ? $0 : nil }
    }

    static func hostName() -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let result = buffer.withUnsafeMutableBytes { gethostname($0.baseAddress!, $0.count - 1) }
        return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "this-host"
    }
}
