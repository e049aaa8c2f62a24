/// Which of sbatch(1)'s options an administrator can add.
enum SubmitOptions {
    /// With these, there would not be one job that we know, or it would have other limits than we say.
    private static let ours: Set<String> = [
        "array", "batch", "chdir", "cluster", "clusters", "comment", "deadline", "dependency", "export",
        "export-file", "get-user-env", "help", "hold", "ignore-pbs", "job-name", "nodes", "no-requeue",
        "ntasks", "parsable", "quiet", "requeue", "test-only", "time", "time-min", "uid", "usage", "verbose",
        "version", "wait", "wrap",
    ]

    /// A word of its own would be taken for the batch script, and short options can hide in one another.
    static func isPossible(_ option: String) -> Bool {
        guard option.hasPrefix("--"), !option.unicodeScalars.contains(where: { $0.value < 32 }) else {
            return false
        }
        let name = option.dropFirst(2).prefix { $0 != "=" }
        // getopt_long(3) takes the beginning of a name for the whole.
        return !name.isEmpty && !ours.contains { $0 == name || name.count > 1 && $0.hasPrefix(name) }
    }
}
