/// What the runner limits, for metrics: as the configuration calls it, where it can be configured.
enum Limit: String, CaseIterable, Sendable {
    case attachments
    case attachmentsPerOwner = "attachments_per_owner"
    case attachmentsPerAddress = "attachments_per_address"
    case pairings
    case pairingsPerAddress = "pairings_per_address"
    case pairingsPerHour = "pairings_per_hour"
    case wrongCodes = "wrong_codes"
    case wrongCodesPerPerson = "wrong_codes_per_person"
    case keptPerOwner = "kept_per_owner"
    case runningPerOwner = "running_per_owner"
    case queuedPerOwner = "queued_per_owner"
    case submissionsPerMinute = "submissions_per_minute"
    case sourcesPerOwner = "sources_per_owner"
    case sessionsPerPerson = "sessions_per_person"
    case streamsPerPerson = "streams_per_person"

    // Nobody can configure these.

    case streamsPerClient = "streams_per_client"
    case connectionsPerClient = "connections_per_client"
    /// One list, one manifest and one source of a person's are read at a time.
    case readingPerPerson = "reading_per_person"
    case arrivingSourcesPerPerson = "arriving_sources_per_person"
    case groupsPerPerson = "groups_per_person"
    case keysPerPerson = "keys_per_person"

    var isConfigurable: Bool {
        switch self {
        case .streamsPerClient, .connectionsPerClient, .readingPerPerson, .arrivingSourcesPerPerson,
            .groupsPerPerson, .keysPerPerson:
            false
        default: true
        }
    }
}
