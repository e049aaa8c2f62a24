/// Why the cluster has not done what it was asked, or has not answered.
struct SlurmFault: Error, Equatable {
    var reason: String
    /// Whether it can be different in a moment: nothing is wrong with what was asked.
    var isPassing: Bool
    /// The runner has given up.
    var isCancelled = false

    init(_ reason: String, isPassing: Bool = true) {
        self.reason = reason
        self.isPassing = isPassing
    }

    static let cancelled: SlurmFault = {
        var fault = SlurmFault("given up")
        fault.isCancelled = true
        return fault
    }()

    /// What a client has said on standard error when it failed.
    init(of program: String, saying text: String) {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        // `sbatch: error: Batch job submission failed: Invalid partition name specified`
        let last = lines.last ?? "\(program) has failed without a word"
        reason = last.replacing("\(program): error: ", with: "").replacing(
            "slurm_load_jobs error: ", with: "")
        isPassing = Self.passing.contains { words in lines.contains { $0.contains(words) } }
    }

    /// The controller or the authentication is away, or others have to end first.
    private static let passing = [
        "Unable to contact slurm controller", "Socket timed out", "Connection refused", "connect failure",
        "Zero Bytes were transmitted", "Transport endpoint", "Communication", "temporarily", "Munge",
        "Protocol authentication error", "Resource temporarily unavailable", "MaxSubmitJob",
        "Slurm backup controller", "in standby mode",
    ]
}
