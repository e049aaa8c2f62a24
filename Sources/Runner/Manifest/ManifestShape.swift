import CYaml

/// Judges a document by libyaml's events, before anything is made of them.
///
/// A manifest has three levels, and names as keys. A document of another shape can cost far more than its size.
struct ManifestShape {
    /// Lists and mappings inside each other.
    static let maximumDepth = 8
    /// Values, keys, lists and mappings.
    static let maximumNodes = 10_000

    /// A list or a mapping whose end has not come.
    private struct Open {
        let isMapping: Bool
        var count = 0

        var expectsKey: Bool { isMapping && count.isMultiple(of: 2) }
    }

    private var open: [Open] = []
    private var nodes = 0
    private var hasDocument = false

    /// What libyaml itself would be too slow for: it compares each tag's short name with all others.
    static func fault(in text: ManifestText) -> ManifestFault? {
        text.firstLine { $0.starts(with: "%TAG".unicodeScalars) }.map {
            ManifestFault(
                place: TextPlace(line: $0, column: 1), sentence: "\"%TAG\" has no use here; remove this line")
        }
    }

    /// - Returns: what is wrong with it; what comes after it is not worth reading.
    mutating func take(_ event: yaml_event_t) -> ManifestFault? {
        guard let sentence = refusal(event) else { return nil }
        return ManifestFault(place: TextPlace(event.start_mark), sentence: sentence)
    }

    private mutating func refusal(_ event: yaml_event_t) -> String? {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            if hasDocument { return "a second document begins here; a manifest is one, so remove \"---\"" }
            hasDocument = true
        case YAML_ALIAS_EVENT:
            return "aliases, such as \"*name\", are not supported; write the value out"
        case YAML_SCALAR_EVENT: return count()
        case YAML_MAPPING_START_EVENT, YAML_SEQUENCE_START_EVENT:
            if open.last?.expectsKey == true { return "a list or a mapping cannot be a key; write a name" }
            guard open.count < Self.maximumDepth else {
                return
                    "more than \(Self.maximumDepth) lists and mappings inside each other; a manifest has 3 levels"
            }
            defer { open.append(Open(isMapping: event.type == YAML_MAPPING_START_EVENT)) }
            return count()
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: open.removeLast()
        default: break
        }
        return nil
    }

    private mutating func count() -> String? {
        nodes += 1
        if let last = open.indices.last { open[last].count += 1 }
        guard nodes > Self.maximumNodes else { return nil }
        return "more than \(Self.maximumNodes) keys and values; put them into a file of your source"
    }
}
