import CYaml

/// Finds aliases (YAML 1.2, section 7.1) before a manifest is composed.
///
/// Yams puts the same node in place of each alias, and then walks through all of them, to compare a mapping's keys or
/// to free them: a few hundred bytes can keep it busy for hours, or overflow the stack. Its parser has
/// no limit for either; the parser of libyaml, which it includes, delivers one event after the other.
enum AliasFinder {
    /// The line of the first alias; nil if there is none before the end of the text or its first mistake.
    static func firstLine(in text: String) -> Int? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { return nil }
        defer { yaml_parser_delete(&parser) }
        var text = text
        return text.withUTF8 { bytes in
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
                defer { yaml_event_delete(&event) }
                switch event.type {
                case YAML_ALIAS_EVENT: return Int(event.start_mark.line) + 1
                case YAML_STREAM_END_EVENT: return nil
                default: break
                }
            }
        }
    }
}
