import Foundation
import Synchronization
import TestSupport

@testable import Slurm

/// Slurm's programs as scripts of sh(1), in a folder of its own, which note how they are called.
final class StandInCluster: Sendable {
    let folder: String
    let said = Mutex<[String]>([])

    /// What squeue prints comes from the file `queue`; without it there is no controller.
    init() throws {
        folder = NSTemporaryDirectory() + "slurm-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try program("squeue", "cat $here/queue 2>/dev/null || { \(Self.away); exit 1; }")
        try program("sbatch", "cat >$here/script; cp $here/submitted $here/queue; echo 7")
        try program("scancel", "cp $here/cancelled $here/queue")
        try program("scontrol", "echo 'NodeName=n1 Arch=x86_64 NodeAddr=192.0.2.7 NodeHostName=n1'")
        for name in ["queue", "submitted", "cancelled"] { try write("", to: name) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let away = "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2"

    static func line(_ state: String, _ report: String = "", number: Int = 7, name: String = "42-a") -> String
    {
        "\(number)|\(name)|\(state)|None|n1|4102444800|sallyport pool=cluster job=42 owner=alice\(report)\n"
    }

    static let report = " port=22001 key=ssh-ed25519:AAAA"

    /// - Parameter script: the folder is `$here`.
    func program(_ name: String, _ script: String) throws {
        let path = "\(folder)/\(name)"
        let text = "#!/bin/sh\nhere=\(folder)\necho \"\(name) $*\" >>$here/calls\n\(script)\n"
        try ExecutableFile.write(text, to: path)
    }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }

    /// How a program was called so far.
    func calls(of program: String) -> [String] {
        let text = (try? String(contentsOfFile: "\(folder)/calls", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("\(program) ") }
    }

    func allocator(patience: Int = 600) throws -> SlurmAllocator {
        var file = try SlurmFile.parse(SlurmFileTests.image, path: "/s")
        file.patience = patience
        var allocator = SlurmAllocator(file, SlurmClients(conf: nil, folder: folder)) { line in
            self.said.withLock { $0.append(line) }
        }
        // The machine can be busy.
        allocator.farewell = .seconds(300)
        allocator.intervals = (.milliseconds(2), .milliseconds(20))
        return allocator
    }
}
