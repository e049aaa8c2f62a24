import BuildAPI

/// What a client's ssh calls builders.
struct BuilderNames: Equatable {
    /// Behind the first dot, in lower case, as ssh asks for it; nil: there is none.
    let suffix: String?

    init(suffix: String?) {
        self.suffix = suffix?.lowercased()
    }

    /// One builder's name.
    func name(of job: JobID) -> String { qualified("job-\(job)") }

    /// All builders' names, as a pattern of ssh_config(5) and of known_hosts.
    var pattern: String { qualified("job-*") }

    /// What asks the gateway for these names; empty for those that it has by itself.
    func option(unless usual: String?) -> String {
        guard let suffix else { return " --bare" }
        return suffix == usual?.lowercased() ? "" : " --suffix \(suffix)"
    }

    private func qualified(_ label: String) -> String { suffix.map { "\(label).\($0)" } ?? label }
}
