/// The name of a task, which is safe as a folder, in a URL and on a shell's command line.
public enum TaskName {
    public static let maximumLength = 128

    /// Whether it is 1 to 128 of `[a-z0-9_-]`.
    public static func isValid(_ name: some StringProtocol) -> Bool {
        (1...maximumLength).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
    }

    /// Whether it is valid, and no command takes it for an option.
    public static func isSafeArgument(_ name: some StringProtocol) -> Bool {
        isValid(name) && !name.hasPrefix("-")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// The names of logs: the job's own, and its tasks'.
public enum LogName {
    /// The log that is about the job as a whole. No task can have this name.
    public static let job = ".job"
    /// The job's own log as API v1 calls it, unless the job has a task with this name.
    public static let setup = "setup"

    /// What the service calls a log: services from before tasks could be called `setup` know no other name for the job's
    /// own.
    public static func inRequest(_ log: String, of tasks: [Job.Task]) -> String {
        log == job && !tasks.contains { $0.name == setup } ? setup : log
    }
}
