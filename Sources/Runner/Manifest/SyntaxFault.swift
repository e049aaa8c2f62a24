import CYaml

/// Where libyaml could not read on, in a sentence for the person.
struct SyntaxFault {
    /// libyaml's own words: half sentences.
    private let problem: String
    private let place: TextPlace
    /// Where the construct begins that could not be read, if libyaml says so.
    private let beginning: TextPlace?

    init(_ parser: yaml_parser_t) {
        problem = parser.problem.map { String(cString: $0) } ?? ""
        place = TextPlace(parser.problem_mark)
        beginning = parser.context == nil ? nil : TextPlace(parser.context_mark)
    }

    /// An invisible character, if there is one, is what is wrong; people do not find it by any other sentence.
    func fault(in text: ManifestText) -> ManifestFault {
        for line in [place.line, place.line - 1, beginning?.line ?? place.line] {
            guard let (character, column) = InvisibleCharacter.first(in: text.line(line)),
                // Scripts are full of tabs, so one in another line is no explanation.
                line == place.line || character.scalar != "\t"
            else { continue }
            return ManifestFault(
                place: TextPlace(line: line, column: column), showsColumn: true, sentence: character.sentence)
        }
        return ManifestFault(
            place: place, showsColumn: true,
            sentence: sentence(text.line(place.line).dropFirst(place.column - 1).first))
    }

    /// - Parameter character: the one where libyaml stopped.
    private func sentence(_ character: Unicode.Scalar?) -> String {
        let since = beginning.map { ", which begins in line \($0.line)," } ?? ""
        return switch problem {
        case "did not find expected key", "did not find expected '-' indicator":
            "this is neither part of what stands above it nor the next entry; check its indentation and the quotes above"
        case "did not find expected <document start>":
            "this does not belong to what stands above it; a manifest is one list of keys, all in the first column"
        case "mapping values are not allowed in this context":
            "a second \": \" in one value; put the value in quotes, begin a script with \"|\", or check the indentation"
        case "could not find expected ':'": "a key without \":\" before this; write KEY: VALUE"
        case "block sequence entries are not allowed in this context",
            "mapping keys are not allowed in this context":
            "a list or a mapping cannot begin here; begin it on a line of its own"
        case "found character that cannot start any token":
            "a value cannot begin with \"\(character.map(String.init) ?? "")\"; put it in quotes"
        case "found unexpected end of stream", "found unexpected document indicator":
            "the quoted text\(since) has no end; add the quote"
        case "did not find expected ',' or ']'": "the list\(since) has no end here; add \",\" or \"]\""
        case "did not find expected ',' or '}'": "the mapping\(since) has no end here; add \",\" or \"}\""
        case "did not find expected node content":
            "a value is missing here; add it, or remove the comma or bracket"
        case "found unknown escape character", "found invalid Unicode character escape code",
            "did not find expected hexdecimal number":
            "a backslash with a meaning that YAML does not know; use single quotes, or write two backslashes"
        case "did not find expected alphabetic or numeric character":
            "\"*\" and \"&\" have a meaning at the beginning of a value; put the value in quotes"
        case let problem where problem.hasPrefix("Maximum nesting level"):
            "brackets inside more brackets than anything can read; remove some"
        case "did not find expected comment or line break", "found an indentation indicator equal to 0":
            "after \"|\" or \">\" there can be a digit, \"+\" or \"-\" and nothing else; begin the text on the next line"
        case let problem where problem.contains("tag") || problem.contains("URI"):
            "\"!\" has a meaning at the beginning of a value; put the value in quotes"
        case let problem where problem.contains("directive"):
            "\"%\" has a meaning at the beginning of a line; put the value in quotes"
        default: "this is not YAML; check the indentation, the quotes and the brackets"
        }
    }
}
