import ConfigurationFile
import Glibc

/// How many builders there can be at once.
enum Slots {
    /// MiB that QEMU needs beyond the guest's memory [measured].
    static let overhead = 100

    /// As many as fit into four fifths of the machine's memory, but at least one.
    ///
    /// - Parameters: both in MiB.
    static func fitting(into total: Int, each memory: Int) -> Int {
        max(1, total * 4 / 5 / (memory + overhead))
    }

    /// This machine's memory in MiB.
    static var machineMemory: Int {
        (Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))) >> 20
    }
}

extension Configuration.Runner {
    /// MiB of the builders that have the most.
    var largestMemory: Int { max(memory, imageSettings.values.compactMap(\.memory).max() ?? 0) }
}
