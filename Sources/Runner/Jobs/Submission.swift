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
    /// Whether the job is its owner's whoever submits it: the policy has allowed that.
    var isForOwner = false
    /// Which pool and architecture it is, instead of what the manifest says.
    var wish = PoolWish()

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

    /// Of a job whose owner does not tell: a group's, or one that somebody has submitted for another person.
    var shownSubmitter: Person? { owner.isSame(as: submitter) ? nil : submitter }

    /// Throws if the submitter has no rights any more, or is no longer in the group whose job it will be.
    func check(_ account: Account) throws(RunnerError) {
        try refuseSuspended(account)
        guard !isForOwner, case .group(let group) = owner, !owner.isOne(of: account.groups ?? []) else {
            return
        }
        throw RunnerError(.forbidden, "\(account.name) is not in the group \(group.id).")
    }
}
