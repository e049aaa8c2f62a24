public import BuildAPI
public import FoundationEssentials

/// A record as somebody reads it later: a later version of Sallyport can have written it, with events and fields that this
/// one does not know.
public struct StoredAuditRecord: Equatable, Sendable {
    /// As it was written, without the end of the line.
    public let line: String
    public let members: [String: AuditRecord.Value]

    /// Nil: the line is no record.
    public init?(line: some Collection<UInt8>) {
        let bytes = Array(line)
        guard bytes.first == UInt8(ascii: "{"),
            let members = try? JSONDecoder().decode([String: AuditRecord.Value].self, from: Data(bytes)),
            case .number = members[AuditRecord.Field.version.rawValue]
        else { return nil }
        self.members = members
        self.line = String(decoding: bytes, as: UTF8.self)
    }

    public subscript(field: AuditRecord.Field) -> String? { members[field.rawValue]?.words }

    public var sequence: Int? {
        if case .number(let number) = members[AuditRecord.Field.sequence.rawValue] { number } else { nil }
    }

    public var time: Date? {
        self[.time].flatMap {
            try? Date($0, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
    }

    /// Whether it is about the person with this name or id.
    public func isAbout(person: String) -> Bool {
        [.person, .name, .owner].contains { (field: AuditRecord.Field) in
            self[field].map { Person.isSame($0, person) } ?? false
        }
    }
}
