/// The settings that are in force for a login: what `sshd -T -C user=…,host=…,addr=…` prints.
///
/// Each line is a keyword in lower case, a space and its value, as sshd_config(5) has it.
struct EffectiveSettings: Equatable, Sendable {
    private var values: [String: [String]] = [:]

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard let keyword = parts.first else { continue }
            values[keyword.lowercased(), default: []].append(parts.count == 2 ? String(parts[1]) : "")
        }
    }

    var isEmpty: Bool { values.isEmpty }

    /// The value of a keyword that can have one; nil: this sshd does not know it, or does not print it.
    subscript(_ keyword: String) -> String? { values[keyword]?.first }

    /// The values of a keyword that can have several lines.
    func values(_ keyword: String) -> [String] { values[keyword] ?? [] }

    /// The words of a keyword that can have several lines and several words on each, such as `acceptenv`.
    func words(_ keyword: String) -> [String] {
        (values[keyword] ?? []).flatMap { $0.split(separator: " ").map(String.init) }
    }
}
