import BuildAPI

/// The work of a builder: an environment, and scripts.
public struct Workload: Sendable, Hashable {
    /// Exported to tasks and to every shell. Names are those of shell variables.
    public var environment: [Variable]
    public var tasks: [Script]

    public init(environment: [Variable], tasks: [Script]) {
        self.environment = environment
        self.tasks = tasks
    }

    public struct Variable: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Script: Sendable, Hashable {
        public var name: String
        /// Without an interpreter line: bash, with `set -xe`.
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }
}

extension Workload {
    /// The archive that the guest's `prepare` reads.
    func archive() throws(MachineError) -> [UInt8] {
        var exports = ""
        for variable in environment {
            guard Self.isVariableName(variable.name), !variable.value.utf8.contains(0) else {
                throw MachineError(.invalidName, detail: variable.name)
            }
            exports += "export \(variable.name)='\(variable.value.escaping("'", as: "'\\''"))'\n"
        }
        var archive = CpioArchive()
        archive.addFile("environment", contents: Array(exports.utf8))
        archive.addFolder("tasks")
        for task in tasks {
            try Self.checkTaskName(task.name)
            let preamble = task.text.hasPrefix("#!") ? "" : "#!/bin/bash\nset -xe\n"
            archive.addFolder("tasks/\(task.name)")
            archive.addFile(
                "tasks/\(task.name)/script", mode: 0o755, contents: Array((preamble + task.text).utf8))
        }
        return archive.finished()
    }

    /// Names are used as folders and as words on a shell's command line.
    static func checkTaskName(_ name: String) throws(MachineError) {
        guard TaskName.isSafeArgument(name) else { throw MachineError(.invalidName, detail: name) }
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
