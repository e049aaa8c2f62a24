import BuildAPI

/// What is known of a new job apart from its manifest and its source.
struct Submission: Sendable {
    /// The submitter, or a group of theirs.
    var owner: Party
    var submitter: Person
    var note: String?
    var visibility = Job.Visibility.unlisted
    /// Instead of what the manifest says.
    var keep: KeepRule?

    /// A person's own job.
    init(by submitter: Person) {
        self.submitter = submitter
        owner = .person(submitter)
    }

    /// A group's job, or a person's own. Throws if they have no rights, or are not in that group.
    init(by account: Account, for group: Group?) throws(RunnerError) {
        self.init(by: account.person)
        if let group { owner = .group(group) }
        try check(account)
    }

    /// Of a group's job, whose owner does not tell.
    var groupsSubmitter: Person? { if case .group = owner { submitter } else { nil } }

    /// Throws if the submitter has no rights any more, or is no longer in the group whose job it will be.
    func check(_ account: Account) throws(RunnerError) {
        try refuseSuspended(account)
        guard case .group(let group) = owner, !owner.isOne(of: account.groups ?? []) else { return }
        throw RunnerError(.forbidden, "\(account.name) is not in the group \(group.id).")
    }
}
