import Presentation

extension CheckReport {
    /// One line for each check, and one for all of them.
    public var lines: [String] {
        let width = CheckResult.State.allCases.map(\.rawValue.count).max() ?? 0
        return results.map { result in
            let state = result.state.rawValue.padded(to: width)
            let remedy = result.remedy.map { " To fix it: \($0)" } ?? ""
            let stop = result.remedy == nil || result.finding.hasSuffix(".") ? "" : "."
            return HostileText.printable("\(state)  \(result.check): \(result.finding)\(stop)\(remedy)")
        } + [summary]
    }

    private var summary: String {
        let counts = CheckResult.State.allCases.compactMap { state in
            let count = results.count { $0.state == state }
            return count == 0 ? nil : "\(count) \(state.rawValue)"
        }
        return "\(results.count) checks: \(counts.joined(separator: ", "))"
    }
}
