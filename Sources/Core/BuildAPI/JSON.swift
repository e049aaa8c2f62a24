public import FoundationEssentials

/// JSON as in API v1: times are RFC 3339 in UTC, to the second; readers accept fractions too.
public enum JSON {
    public static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(.iso8601))
        }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let text = try? container.decode(String.self) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: noTime)
            }
            if let date = try? Date(text, strategy: .iso8601) { return date }
            if let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            {
                return date
            }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: noTime)
        }
        return try decoder.decode(type, from: data)
    }

    private static let noTime = "expected a time such as 2026-11-21T10:00:00Z"
}
