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
    /// The log that is about the job as a whole. No task has this name.
    public static let job = "setup"
}
