/// What the worker allows as a task's name; anything else in a job's folder is no task.
enum TaskName {
    static let maximumLength = 128

    static func isValid(_ name: some StringProtocol) -> Bool {
        (1...maximumLength).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
    }

    /// The names of tasks among the links to folders of a page.
    static func folders(in page: [UInt8]) -> [String] {
        String(decoding: page, as: UTF8.self).split(separator: "href=\"").dropFirst().compactMap { part in
            let link = part.prefix { $0 != "\"" }
            return link.hasSuffix("/") && isValid(link.dropLast()) ? String(link.dropLast()) : nil
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
