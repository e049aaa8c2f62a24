import Glibc
import SystemPackage
import TestBed

/// A command to compare with others.
struct Contender: Sendable {
    /// The name of its figure.
    var name: String
    var arguments: [String]
}

/// Commands that take turns, so that other load on the machine affects all of them equally.
///
/// Each must exit with status 0; the figure is based on the median time.
struct Comparison: Sendable {
    /// The others are compared with the first one, unless `run` is told otherwise.
    var contenders: [Contender]
    var rounds: Int
    /// How often a contender runs when it is its turn. The first of several does not count: it finds the processor's caches
    /// as another has left them, which is much of what a process of half a millisecond takes.
    var runs = 1
    /// Before each turn: time in which what the one before has left behind ends.
    var pause = Duration.zero
    var unit: String
    /// Converts seconds into the value of a figure.
    var value: @Sendable (Double) -> Double

    /// Reports a figure for each contender. One that fails is out, and reported as missing.
    ///
    /// - Parameter earlier: a contender of another comparison, and its figure, with which all are compared.
    /// - Returns: the first contender and its figure, if it has one.
    @discardableResult
    func run(
        _ scratch: Scratch, _ report: Report, against earlier: (String, Double)? = nil
    ) async throws -> (String, Double)? {
        let times = try await blocking { try self.times(scratch, report) }
        let values = times.map { $0.isEmpty ? nil : value($0.median) }
        let first = values[0].map { (contenders[0].name, $0) }
        for (index, figure) in values.enumerated() {
            guard let figure else { continue }
            let baseline = earlier ?? (index == 0 ? nil : first)
            report.add(
                Figure(name: contenders[index].name, value: figure, unit: unit, baseline: baseline))
        }
        return first
    }

    private func times(_ scratch: Scratch, _ report: Report) throws -> [[Double]] {
        var times = [[Double]](repeating: [], count: contenders.count)
        var failed: Set<Int> = []
        // The first round fills the caches.
        for round in 0...rounds {
            for (index, contender) in contenders.enumerated() where !failed.contains(index) {
                usleep(useconds_t(pause / .microseconds(1)))
                for run in 0..<runs {
                    let start = ContinuousClock.now
                    let status = try Child(contender.arguments, scratch.streams).wait()
                    let time = start.duration(to: .now).seconds
                    if status != 0 {
                        failed.insert(index)
                        times[index] = []
                        report.fail(contender.name, "exit status \(status)\n\(scratch.lastErrors())")
                        break
                    }
                    if round > 0, runs == 1 || run > 0 { times[index].append(time) }
                }
            }
        }
        return times
    }
}
