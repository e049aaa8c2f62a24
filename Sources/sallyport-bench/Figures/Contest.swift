import SystemPackage
import World

/// A command to compare with others.
struct Contender: Sendable {
    /// The name of its figure.
    var name: String
    var arguments: [String]
}

/// Commands that take turns, so that other load on the machine affects all of them equally.
///
/// Each must exit with status 0; the figure is based on the median time.
struct Contest: Sendable {
    /// The others are compared with the first one.
    var contenders: [Contender]
    var rounds: Int
    var unit: String
    /// Converts seconds into the value of a figure.
    var value: @Sendable (Double) -> Double

    /// Reports a figure for each contender. A contender that fails is reported as missing.
    func run(_ scratch: Scratch, _ report: Report) async throws {
        let times = try await blocking { try self.times(scratch, report) }
        let values = times.map { $0.isEmpty ? nil : value($0.median) }
        for (contender, figure) in zip(contenders, values) {
            guard let figure else { continue }
            let isFirst = contender.name == contenders[0].name
            let baseline = isFirst ? nil : values[0].map { (contenders[0].name, $0) }
            report.add(Figure(name: contender.name, value: figure, unit: unit, baseline: baseline))
        }
    }

    private func times(_ scratch: Scratch, _ report: Report) throws -> [[Double]] {
        var times = [[Double]](repeating: [], count: contenders.count)
        var failed: Set<Int> = []
        // The first round fills the caches.
        for round in 0...rounds {
            for (index, contender) in contenders.enumerated() where !failed.contains(index) {
                let start = ContinuousClock.now
                let status = try Child(contender.arguments, scratch.streams).wait()
                let time = start.duration(to: .now).seconds
                if status != 0 {
                    failed.insert(index)
                    times[index] = []
                    report.fail(contender.name, "exit status \(status)\n\(scratch.lastErrors())")
                } else if round > 0 {
                    times[index].append(time)
                }
            }
        }
        return times
    }
}
