import BuildAPI
import HelperPrograms
import Provider

extension Workload {
    /// How an archive is written.
    enum ArchiveFormat {
        /// What our images read, and have always read.
        case cpio
        /// What every machine reads.
        case tar
    }

    /// The archive that the script `prepare` reads.
    func archive(_ format: ArchiveFormat = .cpio) throws(BuilderError) -> [UInt8] {
        switch format {
        case .cpio: try archive(in: CpioArchive())
        case .tar: try archive(in: TarArchive())
        }
    }

    private func archive(in empty: some ArchiveWriter) throws(BuilderError) -> [UInt8] {
        var exports = ""
        for variable in environment {
            guard Self.isVariableName(variable.name), !variable.value.utf8.contains(0) else {
                throw BuilderError(.invalidName, detail: variable.name)
            }
            exports += "export \(variable.name)='\(variable.value.escaping("'", as: "'\\''"))'\n"
        }
        var archive = empty
        archive.addFile("environment", mode: 0o644, contents: Array(exports.utf8))
        if let reproduction {
            archive.addFile("REPRODUCE", mode: 0o644, contents: Array(reproduction.utf8))
        }
        archive.addFolder("tasks", mode: 0o755)
        for task in tasks {
            try Self.checkTaskName(task.name)
            let preamble = task.text.hasPrefix("#!") ? "" : "#!/bin/bash\nset -xe\n"
            archive.addFolder("tasks/\(task.name)", mode: 0o755)
            archive.addFile(
                "tasks/\(task.name)/script", mode: 0o755, contents: Array((preamble + task.text).utf8))
        }
        return archive.finished()
    }

    /// Names are used as folders and as words on a shell's command line.
    static func checkTaskName(_ name: String) throws(BuilderError) {
        guard TaskName.isSafeArgument(name) else { throw BuilderError(.invalidName, detail: name) }
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy(isWordByte)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
