import BuildAPI

/// The builders' names for a client's ssh.
struct BuilderNames: Equatable {
    /// The part after the first dot, in lower case, as ssh looks it up; nil: there is none.
    let suffix: String?

    init(suffix: String?) {
        self.suffix = suffix?.lowercased()
    }

    /// One builder's name.
    func name(of job: JobID) -> String { qualified("job-\(job)") }

    /// All builders' names, as a pattern of ssh_config(5) and of known_hosts.
    var pattern: String { qualified("job-*") }

    /// The option that asks the gateway for these names; empty if they are the default.
    func option(unless usual: String?) -> String {
        guard let suffix else { return " --bare" }
        return suffix == usual?.lowercased() ? "" : " --suffix \(suffix)"
    }

    private func qualified(_ label: String) -> String { suffix.map { "\(label).\($0)" } ?? label }
}
