public import BuildAPI
public import FoundationEssentials
import Presentation

/// One thing that happened, for those who have to know afterwards: who, as what, where, and by which rule. Never what was
/// in a session.
///
/// docs/audit.md explains every event and every field; a test compares them.
public struct AuditRecord: Equatable, Sendable {
    /// Of the meaning of events and fields. Fields can be added without a new one.
    public static let formatVersion = 1

    public enum Event: String, CaseIterable, Sendable {
        case login, decision, verb, claim, entry, exit, change, administration, refusal
    }

    public private(set) var event: Event
    public private(set) var values: [Field: Value] = [:]

    public init(_ event: Event) {
        self.event = event
    }

    /// The longest text in a field, in scalars; the rest is cut off.
    private static let longestText = 2000

    public subscript(field: Field) -> String? {
        get { if case .text(let text) = values[field] { text } else { nil } }
        set {
            // What is unknown is absent.
            values[field] = newValue.flatMap { text in
                let shown = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestText)))
                return shown.isEmpty ? nil : .text(shown)
            }
        }
    }

    public mutating func set(_ field: Field, _ number: Int?) {
        values[field] = number.map(Value.number)
    }

    public mutating func set(_ field: Field, _ flag: Bool?) {
        values[field] = flag.map(Value.flag)
    }

    public mutating func set(_ field: Field, _ moment: Date?) {
        self[field] = moment.map(Self.spoken)
    }

    public mutating func set(_ person: Person?) {
        self[.person] = person?.id
        self[.name] = person?.name
    }

    /// Adds what is not there yet.
    public mutating func add(_ other: [Field: Value]) {
        values.merge(other.filter { $0.value != .text("") }) { own, _ in own }
    }

    /// RFC 3339 in UTC, to the millisecond.
    public static func spoken(_ moment: Date) -> String {
        moment.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Gives it its place in a file.
    ///
    /// - Parameter link: that of the record before; nil: it is the first of all.
    public mutating func setPlace(after link: AuditLink?) {
        set(.sequence, (link?.sequence ?? 0) + 1)
        self[.previous] = link?.hash
    }

    /// The record as one line of JSON, without its end.
    public var line: String {
        var members = Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) })
        members[Field.version.rawValue] = .number(Self.formatVersion)
        members[Field.event.rawValue] = .text(event.rawValue)
        // What is not there cannot be written: strings, numbers and truth values always can.
        return (try? HostileText.json(members)) ?? "{}"
    }

    /// The same with a place in a file.
    public func line(after link: AuditLink?) -> String {
        var record = self
        record.setPlace(after: link)
        return record.line
    }
}

extension AuditRecord {
    /// What a field holds.
    public enum Value: Equatable, Sendable, Codable {
        case text(String)
        case number(Int)
        case flag(Bool)

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            }
        }

        /// As people read it.
        public var words: String {
            switch self {
            case .text(let text): text
            case .number(let number): "\(number)"
            case .flag(let flag): flag ? "true" : "false"
            }
        }
    }

    /// The names of the members in JSON. Those in a system log are the same in upper case, after `SALLYPORT_`.
    public enum Field: String, CaseIterable, Sendable {
        // The record's place
        case version = "v"
        case sequence = "seq"
        case previous = "prev"
        case time, event

        // Who writes it
        case host, program
        case programVersion = "program_version"
        case gateway, service

        // Who has come
        case session, from, person, name
        case key
        case keyType = "key_type"
        case certificateSerial = "certificate_serial"
        case certificateID = "certificate_id"
        case certificateAuthority = "certificate_authority"

        // For what
        case verb, command, job, owner, role
        case sharedWith = "shared_with"
        case sharedBy = "shared_by"
        case decision, rule, terms, reason

        // What became of it
        case claim, kind, pool, allocation
        case builderKey = "builder_key"
        case builderTrust = "builder_trust"
        case agent, start, end, received, sent, opaque, status, recording, text
    }
}
