import Foundation

/// The machine that the benchmarks run on.
enum Host {
    /// One line, for comparing figures.
    static func description() throws -> String {
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let facts = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let model = facts.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
        let kernel = try String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return "# \(processors) cores, \(model ?? "unknown processor"), Linux \(kernel), loopback"
    }
}
