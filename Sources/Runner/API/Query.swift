import BuildAPI

/// The parameters after `?`. Unknown ones are ignored, repeated ones refused.
struct Query: Equatable, Sendable {
    private var values: [String: String] = [:]

    init(_ text: String?) throws(RunnerError) {
        for pair in (text ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let words = parts.map { $0.replacing("+", with: " ").percentDecoded }
            guard let name = words[0], let value = words.count == 2 ? words[1] : "" else {
                throw RunnerError(.malformedRequest, "The query is not percent-encoded UTF-8.")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw RunnerError(.malformedRequest, "A parameter is repeated.")
            }
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// `true` or `false`; false when it is absent.
    func flag(_ name: String) throws(RunnerError) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        default: throw RunnerError(.malformedRequest, "The parameter \(name) must be true or false.")
        }
    }
}
