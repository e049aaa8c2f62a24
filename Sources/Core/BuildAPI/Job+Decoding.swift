import FoundationEssentials

/// Readers need few members: docs/build-service.md names them. The others have defaults, for services that know less
/// than sallyport-runner.
extension Job {
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try members.decode(JobID.self, forKey: .id),
            name: try members.decodeIfPresent(String.self, forKey: .name),
            owner: try members.decode(Party.self, forKey: .owner),
            submitter: try members.decodeIfPresent(Person.self, forKey: .submitter),
            note: try members.decodeIfPresent(String.self, forKey: .note),
            status: try members.decode(Status.self, forKey: .status),
            pool: try members.decodeIfPresent(String.self, forKey: .pool),
            arch: try members.decodeIfPresent(String.self, forKey: .arch),
            waits: try members.decodeIfPresent(String.self, forKey: .waits),
            visibility: try members.decodeIfPresent(Visibility.self, forKey: .visibility) ?? .unlisted,
            created: try members.decodeIfPresent(Date.self, forKey: .created),
            deadline: try members.decodeIfPresent(Date.self, forKey: .deadline),
            maxDeadline: try members.decodeIfPresent(Date.self, forKey: .maxDeadline),
            held: try members.decodeIfPresent(Bool.self, forKey: .held) ?? false,
            logout: try members.decodeIfPresent(Logout.self, forKey: .logout),
            keep: try members.decodeIfPresent(Int.self, forKey: .keep),
            shares: try members.decodeIfPresent([Party].self, forKey: .shares) ?? [],
            tasks: try members.decodeIfPresent([Task].self, forKey: .tasks) ?? [],
            shell: try members.decodeIfPresent(Bool.self, forKey: .shell) ?? false,
            builder: try members.decodeIfPresent(Builder.self, forKey: .builder),
            builderEnd: try members.decodeIfPresent(BuilderEnd.self, forKey: .builderEnd),
            attached: try members.decodeIfPresent(Attached.self, forKey: .attached),
            rerun: try members.decodeIfPresent(Rerun.self, forKey: .rerun),
            sessions: try members.decodeIfPresent([Session].self, forKey: .sessions) ?? [],
            entered: try members.decodeIfPresent([EarlyEntry].self, forKey: .entered),
            administratorEntries: try members.decodeIfPresent(
                [AdministratorEntry].self, forKey: .administratorEntries),
            artifacts: try members.decodeIfPresent(Artifacts.self, forKey: .artifacts),
            removed: try members.decodeIfPresent([JobID].self, forKey: .removed))
    }
}
