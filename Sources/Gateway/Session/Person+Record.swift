import BuildAPI
import Presentation

extension Person {
    /// For the administrator's log: `person=1 name=alice`. A name that could be taken for something else is in quotes.
    var record: String {
        let isPlain =
            !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "._@+-".unicodeScalars.contains($0)
            }
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "person=\(id) name=\(HostileText.printable(isPlain ? name : "\"\(quoted)\"", limit: 128))"
    }
}
