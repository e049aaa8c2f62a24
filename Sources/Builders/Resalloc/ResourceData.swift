import HelperPrograms
import Yams

/// What the server's `cmd_new` has printed about a machine, in one of the two forms that Copr reads: a line with the host
/// alone, or YAML with `host`, and perhaps `name` and `port`.
struct ResourceData: Equatable {
    /// An address or a name; nobody has looked at it yet.
    var host: String
    var name: String?
    var port: Int?

    /// The server keeps 512 bytes, and a line that says where it has cut.
    static let maximumSize = 512 + 16

    /// Why it names no machine.
    struct Fault: Error, Equatable {
        var reason: String
    }
}

extension ResourceData {
    init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.count <= Self.maximumSize else { throw Fault(reason: "more than 512 bytes") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Fault(reason: "no text") }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let first = lines.first(where: { $0.contains { !$0.isWhitespace } })?.trimmed else {
            throw Fault(reason: "nothing")
        }
        if first == "---" || lines.contains(where: { $0.hasPrefix("host:") }) {
            try self.init(yaml: text)
        } else {
            self.init(host: first)
        }
    }

    private init(yaml text: String) throws(Fault) {
        let document: Node?
        do { document = try Yams.compose(yaml: text) } catch {
            throw Fault(reason: "YAML that cannot be read")
        }
        guard let fields = document?.mapping, let host = fields["host"]?.scalar?.string, !host.isEmpty else {
            throw Fault(reason: "YAML without a host")
        }
        self.init(host: host, name: fields["name"]?.scalar?.string)
        if let field = fields["port"] {
            guard let number = (field.scalar?.string).flatMap({ Int($0) }), (1...65535).contains(number)
            else {
                throw Fault(reason: "a port that is none")
            }
            port = number
        }
    }
}
