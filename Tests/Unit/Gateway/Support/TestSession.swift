import Audit
import AuthorizedKeys
import BuildAPI
import CLinux
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Glibc
import TestSupport

@testable import Gateway

/// A session on the gateway with everything in memory but its pipes.
final class TestSession {
    let service = MemoryService()
    let context: SessionContext
    /// What the administrator's log says.
    private(set) var records: [String] = []
    private(set) var audit: [AuditRecord] = []
    private var input: (read: CInt, write: CInt)
    private let output: (read: CInt, write: CInt)
    private let errors: (read: CInt, write: CInt)

    static let key = try! PublicKey.parse(
        line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"
    ).key

    /// - Parameters:
    ///   - command: SSH_ORIGINAL_COMMAND.
    ///   - revocationTimeout: in seconds; nil: the default.
    ///   - change: of the configuration.
    init(
        on loop: EventLoop, command: String? = nil, revocationTimeout: Int? = nil,
        configuring change: (inout Configuration) -> Void = { _ in }
    ) {
        input = Self.pipe()
        output = Self.pipe()
        errors = Self.pipe()
        var note: ((String) -> Void)?
        var audited: ((AuditRecord) -> Void)?
        let environment = SessionEnvironment(
            originalCommand: command.map { Array($0.utf8) }, userAuthenticationFile: nil,
            clientAddress: "192.0.2.1", account: "builds", hasTerminal: false, terminalType: "", locale: [],
            agentSocket: nil)
        let journal = Journal { _, text in note?(text) }
        var configuration = Configuration(service: .init(url: "unix:/nowhere"))
        if let revocationTimeout { configuration.gateway.revocationTimeout = revocationTimeout }
        change(&configuration)
        context = SessionContext(
            loop: loop, service: service, configuration: configuration,
            environment: environment, journal: journal,
            audit: SessionAudit(configuration.gateway, journal: journal) { audited?($0) }, key: Self.key,
            client: Client(
                on: loop, journal: journal, hasTerminal: false, input: input.read,
                outputs: (output.write, errors.write)))
        note = { [unowned self] in records.append($0) }
        audited = { [unowned self] in audit.append($0) }
    }

    deinit {
        for end in [input, output, errors] {
            close(end.read)
            if end.write >= 0 { close(end.write) }
        }
    }

    /// What the service shows of it.
    var session: Job.Session {
        Job.Session(
            session: context.journal.session, person: Fixture.alice, kind: .shell, from: "192.0.2.1",
            since: .distantPast)
    }

    /// The person sends nothing more.
    func endInput() {
        PipeEnd.close(input.write, seenBy: input.read)
        input.write = -1
    }

    /// The person types this.
    ///
    /// - Returns: the events of the loop's next waits in which it is read byte by byte.
    func type(_ text: String) -> [[CInt: Int32]] {
        let bytes = Array(text.utf8)
        precondition(write(input.write, bytes, bytes.count) == bytes.count)
        return Array(repeating: [input.read: POLLIN], count: bytes.count)
    }

    /// What the person has read on standard output, and on standard error.
    var said: (output: String, errors: String) { (Self.drain(output.read), Self.drain(errors.read)) }

    private static func pipe() -> (read: CInt, write: CInt) {
        var ends: [CInt] = [0, 0]
        precondition(sp_pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private static func drain(_ descriptor: CInt) -> String {
        var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
