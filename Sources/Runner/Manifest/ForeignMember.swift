/// What manifests of builds.sr.ht contain, and manifests here do not.
///
/// Source: the build manifest reference of builds.sr.ht, man.sr.ht/builds.sr.ht/manifest.md.
enum ForeignMember {
    /// What to do instead; nil: it is not one of these.
    static func remedy(_ key: String) -> String? { remedies[key] }

    private static let remedies = [
        "oauth": "builders get no tokens; remove this, and bring what a task needs with scp",
        "packages": "nothing is installed; use an image that has them, or install them in the first task",
        "repositories": "no package source is added; add it in the first task, or use an image that has it",
        "secrets":
            "nobody stores secrets here; remove this, and bring them with scp, or your keys with ssh -A",
        "sources": "nothing is cloned; run \"git clone\" in the first task",
        "submitter": "it is for git.sr.ht and other services; remove this",
        "triggers": "nothing is sent at the end; \"submit --follow\" ends with the job, and with its result",
    ]
}
