extension JSON {
    /// Says in an administrator's words why an answer could not be read: `member "builder.port": expected a whole number`.
    ///
    /// It can quote the answer: hostile text.
    public static func complaint(about error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context): "no member \(name(context.codingPath + [key]))"
        case .typeMismatch(let type, let context): complaint(context, "expected \(words(for: type))")
        case .valueNotFound(let type, let context):
            complaint(context, "expected \(words(for: type)), and it is null")
        case .dataCorrupted(let context): complaint(context, words(for: context))
        default: "\(error)"
        }
    }

    private static func complaint(_ context: DecodingError.Context, _ what: String) -> String {
        context.codingPath.isEmpty ? what : "member \(name(context.codingPath)): \(what)"
    }

    /// `"builder.host_keys[0]"`
    private static func name(_ path: [any CodingKey]) -> String {
        let text = path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return "\"\(text)\""
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is Bool.Type: "true or false"
        case is String.Type: "a text"
        case is any FixedWidthInteger.Type: "a whole number"
        case is [Any].Type: "a list"
        case is [String: Any].Type: "an object"
        default: "a value of another type"
        }
    }

    private static func words(for context: DecodingError.Context) -> String {
        let text = context.debugDescription
        // Foundation does not distinguish the two.
        if context.codingPath.isEmpty, text.contains("not valid JSON") {
            return "not JSON, or a number in it is out of range"
        }
        // Swift's words for an enumeration whose raw values do not include the text.
        if text.hasPrefix("Cannot initialize "), let value = text.firstRange(of: " String value ") {
            return "unknown word \"\(text[value.upperBound...])\""
        }
        return text
    }
}
