import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// What a command works with, besides the permit that says who asks for what.
struct SessionContext {
    let loop: EventLoop
    let service: any BuildService
    let configuration: Configuration
    let environment: SessionEnvironment
    let journal: Journal
    /// The plain key that authenticated.
    let key: PublicKey
    let client: Client

    var output: OutputSink { client.output }
    var errors: OutputSink { client.errors }

    func say(_ sentence: String) { client.say(sentence) }
    func refuse(_ refusal: Refusal) { client.refuse(refusal) }
    func finish(_ status: ExitStatus) { client.finish(status) }

    /// The answer of a command, on standard output; then the session ends.
    func answer(_ text: String) {
        output.write(text)
        finish(.success)
    }

    /// The answer of a command that answers with data, on standard output; then the session ends.
    func answer(_ value: some Encodable, json: Bool, text: () -> String) {
        if json {
            guard let data = try? JSON.encode(value) else { return refuse(.unwritableAnswer) }
            answer(HostileText.printable(json: String(decoding: data, as: UTF8.self)) + "\n")
        } else {
            answer(text())
        }
    }

    /// How to enter a command like this one: `ssh -t builds@host connect 42`.
    func commandLine(_ words: String, terminal: Bool = false) -> String {
        var parts = ["ssh"]
        if terminal { parts.append("-t") }
        if configuration.gateway.publicPort != 22 { parts.append("-p \(configuration.gateway.publicPort)") }
        parts.append("\(environment.account)@\(configuration.gateway.publicHost ?? Self.hostName())")
        parts.append(words)
        return parts.joined(separator: " ")
    }

    /// How somebody sets their own ssh up; with a job where there is nothing for all of them.
    func setUpLine(for job: String) -> String {
        let host = publicName == nil ? " --bare --host HOST" : ""
        // A service without jobs of people's own has no host authority either.
        return commandLine("ssh-config" + host + (service.selfService == nil ? " --job \(job)" : ""))
    }

    /// How somebody whose own ssh is set up enters a job's builder.
    func ownLine(for job: JobID) -> String { "ssh \(BuilderNames(suffix: publicName).name(of: job))" }

    /// The name in the configuration, where it is one that can stand in a client's.
    var publicName: String? {
        configuration.gateway.publicHost.flatMap { HostName.isValid($0) ? $0 : nil }
    }

    private static func hostName() -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let result = buffer.withUnsafeMutableBytes { gethostname($0.baseAddress!, $0.count - 1) }
        return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "this-host"
    }
}
