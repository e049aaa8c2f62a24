import CYaml

/// Makes nodes of a YAML document (YAML 1.1), event by event, as libyaml delivers them.
///
/// Yams itself composes trees, too, but it knows no lines of duplicate keys, compares keys with all that is in them, and puts
/// the same node in place of each alias (YAML 1.2, section 7.1), so that a few hundred bytes can keep it busy for hours.
/// ``ManifestShape`` lets no such document through.
struct ManifestDocument {
    /// A list or a mapping whose end has not come.
    private struct Open {
        let isMapping: Bool
        let place: TextPlace
        var children: [ManifestNode] = []

        var node: ManifestNode {
            guard isMapping else { return ManifestNode(content: .sequence(children), place: place) }
            let entries = stride(from: 0, to: children.count - 1, by: 2).map {
                ManifestNode.Entry(key: children[$0], value: children[$0 + 1])
            }
            return ManifestNode(content: .mapping(entries), place: place)
        }
    }

    private let text: ManifestText
    private var shape = ManifestShape()
    private var open: [Open] = []
    private var root: ManifestNode?

    /// - Returns: nil for a text without a document.
    static func root(of text: ManifestText) throws(RunnerError) -> ManifestNode? {
        var document = ManifestDocument(text: text)
        if let fault = ManifestShape.fault(in: text) ?? document.compose() { throw RunnerError([fault]) }
        return document.root
    }

    private init(text: ManifestText) {
        self.text = text
    }

    private mutating func compose() -> ManifestFault? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            return ManifestFault(sentence: "not read: no memory")
        }
        defer { yaml_parser_delete(&parser) }
        var copy = text.text
        return copy.withUTF8 { bytes in
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(&parser, &event) == 1 else {
                    return SyntaxFault(parser).fault(in: text)
                }
                defer { yaml_event_delete(&event) }
                if event.type == YAML_STREAM_END_EVENT { return nil }
                if let fault = shape.take(event) { return fault }
                take(event)
            }
        }
    }

    private mutating func take(_ event: yaml_event_t) {
        let place = TextPlace(event.start_mark)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            add(ManifestNode(content: .scalar(String(decoding: bytes, as: UTF8.self)), place: place))
        case YAML_MAPPING_START_EVENT: open.append(Open(isMapping: true, place: place))
        case YAML_SEQUENCE_START_EVENT: open.append(Open(isMapping: false, place: place))
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            if let ended = open.popLast() { add(ended.node) }
        default: break
        }
    }

    private mutating func add(_ node: ManifestNode) {
        if open.isEmpty { root = node } else { open[open.count - 1].children.append(node) }
    }
}

extension TextPlace {
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
