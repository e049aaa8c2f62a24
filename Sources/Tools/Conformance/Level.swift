/// How much of API v1 a service offers. Each level includes the ones before it.
public enum Level: String, CaseIterable, Codable, Sendable, Comparable {
    /// Four requests: people enter the kept builder of a job that has failed.
    case connect
    /// People also list jobs, follow their logs and changes, and leave their builders.
    case follow
    case full

    public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Check {
    /// The first level that needs this.
    public var level: Level {
        switch self {
        case .answersJSON, .answersSize, .answersUnknownMembers, .rolesNobody, .keysLookUp, .keysUnknown,
            .jobsGet,
            .jobsTimes, .jobsUnknown, .jobsKept, .claimsWrongKey, .claimsMake, .claimsID, .claimsAddress,
            .claimsHostKeys, .claimsAgain, .claimsSecond, .claimsListed, .leasesHeartbeat, .leasesEnd,
            .leasesRenewed:
            .connect
        case .jobsList, .jobsPages, .jobsAfter, .eventsType, .eventsComment, .eventsData, .eventsIDs,
            .eventsEnd, .eventsLastID,
            .eventsUnknown, .logsSetup, .logsTask, .logsRange, .logsOffset, .logsBehind, .logsFollow,
            .logsFollowOffset, .logsUnknown, .claimsRelease, .claimsReleased, .claimsDone, .claimsLogout:
            .follow
        case .answersProblem, .answersTooLarge, .rolesGateway, .rolesKeys, .keysAdd, .keysFingerprint,
            .keysList, .keysPages,
            .keysDuplicate, .keysPending, .keysLimits, .keysWrongWord, .keysConfirm, .keysRemove,
            .jobsMalformed, .jobsSubmit, .jobsID, .jobsCancel, .poolsList, .claimsEarly,
            .claimsGone, .claimsStranger, .claimsPending, .attachmentsMake, .attachmentsName,
            .attachmentsHeartbeat, .attachmentsResume, .attachmentsExit, .attachmentsEnd,
            .pairingsMake, .pairingsRenew, .pairingsWrongCode, .pairingsAdopt, .pairingsUsedCode,
            .pairingsEnd:
            .full
        }
    }
}
