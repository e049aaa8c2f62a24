import BuildAPI
import ConfigurationFile
import FoundationEssentials

/// The form in which the database keeps a job, apart from the one on the wire: a change of API v1 does not change what
/// earlier runners have stored. Leases are not stored, and sessions only once, as claims.
struct StoredJob: Codable, Equatable {
    /// Version 1, which had no number, was the job on the wire and some members around it: ``StoredJobV1``.
    static let version = 2

    struct StoredPerson: Codable, Equatable {
        var id: String
        var name: String
    }

    /// With `group`, it is one; id and name are those that people see then.
    struct StoredParty: Codable, Equatable {
        var id: String
        var name: String
        var group: String?
    }

    struct StoredTask: Codable, Equatable {
        var name: String
        var status: String
        var started: Date?
        var ended: Date?
        var exitStatus: Int?
        var script: String?
        var shortage: String?
        var completesBuild: Bool?
    }

    struct StoredBuilder: Codable, Equatable {
        var state: String
        /// With a port; or nil, and there is a socket.
        var address: String?
        var port: UInt16?
        var socket: String?
        var user: String
        var hostKeys: [String]
        var keptUntil: Date?
        var accelerator: String?
        var isIsolated: Bool?
        /// Nil: it is, as all of earlier versions.
        var isCertified: Bool?
        /// Nil: no, as in all earlier versions.
        var isFirstUse: Bool?
    }

    struct StoredBuilderEnd: Codable, Equatable {
        var reason: String
        var by: StoredPerson?
    }

    struct StoredClaim: Codable, Equatable {
        var id: String
        var session: String
        var person: StoredPerson
        var fingerprint: String
        var key: String?
        var kind: String
        /// Nil in claims of earlier versions, which knew no groups.
        var isOwners: Bool?
        var from: String
        var since: Date
    }

    struct StoredEndedSession: Codable, Equatable {
        var claim: String
        var session: String
    }

    /// The lease begins anew after a restart.
    struct StoredAttachment: Codable, Equatable {
        var id: String?
        /// The SHA-256 of the secret.
        var secret: [UInt8]
        var awaySince: Date?
        var wait: Int
        var idle: Int
        var from: String
        var key: String
        var system: String?
        var architecture: String?
        var until: Date?
        /// As the machine has asked for it.
        var idleSessions: Int?
        var isAdopted: Bool?
        var gateway: String?
    }

    struct StoredRerun: Codable, Equatable {
        var of: String
        var isFresh: Bool
        var status: String
        var task: String?
        var exitStatus: Int?
    }

    struct StoredEarlyEntry: Codable, Equatable {
        var person: StoredPerson
        var role: String
        var kind: String
        var since: Date
    }

    struct StoredAdministratorEntry: Codable, Equatable {
        var person: StoredPerson
        var reason: String
        var since: Date
    }

    struct StoredArtifacts: Codable, Equatable {
        var when: String
        var evenIfEntered: Bool?
        var count: Int?
        var size: Int?
        var remarks: [String]?
    }

    struct StoredLifetime: Codable, Equatable {
        var end: Date
        var isEntered: Bool
        var isExtended: Bool
    }

    var version = StoredJob.version
    var id: String
    var owner: StoredParty
    var submitter: StoredPerson?
    var note: String?
    var status: String
    var visibility: String
    var created: Date?
    var deadline: Date?
    var maxDeadline: Date?
    var isHeld: Bool
    var logout: String?
    var keep: Int?
    var shares: [StoredParty]
    var tasks: [StoredTask]
    var builder: StoredBuilder?
    var builderEnd: StoredBuilderEnd?
    var claims: [StoredClaim]
    var image: String
    var shell: Bool
    var keepRule: String
    var timeout: Int
    var source: Int?
    var builderStarted: Date?
    var lifetime: StoredLifetime?
    var isPrepared: Bool
    var endsWhenUnclaimed: Bool
    var eventNumber: Int
    /// The following are missing in what earlier versions have stored.
    var pool: String?
    /// Nil: anything, or of a job from before there was that.
    var arch: String?
    var until: Date?
    var keptSince: Date?
    var isEntered: Bool?
    var name: String?
    var attachment: StoredAttachment?
    var rerun: StoredRerun?
    var earlyEntries: [StoredEarlyEntry]?
    var artifacts: StoredArtifacts?
    var artifactsUntil: Date?
    var endedSessions: [StoredEndedSession]?
    var administratorEntries: [StoredAdministratorEntry]?
    var sharers: [String: StoredPerson]?
}

// MARK: To the database

extension StoredJob {
    init(_ record: JobRecord) {
        let job = record.job
        id = job.id.description
        owner = StoredParty(job.owner)
        submitter = job.submitter.map(StoredPerson.init)
        note = job.note
        status = job.status.rawValue
        visibility = job.visibility.rawValue
        created = job.created
        deadline = job.deadline
        maxDeadline = job.maxDeadline
        isHeld = job.held
        logout = job.logout?.rawValue
        keep = job.keep
        shares = job.shares.map(StoredParty.init)
        tasks = job.tasks.map(StoredTask.init)
        builder = job.builder.map(StoredBuilder.init)
        builderEnd = job.builderEnd.map {
            StoredBuilderEnd(reason: $0.reason.rawValue, by: $0.by.map(StoredPerson.init))
        }
        claims = record.claims.map(StoredClaim.init)
        image = record.build.image
        shell = job.shell
        keepRule = record.build.keep.rawValue
        timeout = record.build.timeout
        source = record.source
        builderStarted = record.builderStarted
        lifetime = record.lifetime.map {
            StoredLifetime(end: $0.end, isEntered: $0.isEntered, isExtended: $0.isExtended)
        }
        isPrepared = record.isPrepared
        endsWhenUnclaimed = record.endsWhenUnclaimed
        eventNumber = record.eventNumber
        pool = record.build.pool
        arch = record.build.arch?.description
        until = record.until
        keptSince = record.keptSince
        isEntered = record.isEntered
        name = job.name
        attachment = StoredAttachment(record)
        rerun = job.rerun.map(StoredRerun.init)
        earlyEntries = job.entered.map { $0.map(StoredEarlyEntry.init) }
        artifacts = job.artifacts.map(StoredArtifacts.init)
        artifactsUntil = record.artifactsUntil
        endedSessions =
            record.endedSessions.isEmpty
            ? nil
            : record.endedSessions.map { StoredEndedSession(claim: $0.claim, session: $0.session) }
        administratorEntries = job.administratorEntries.map { entries in
            entries.map { .init(person: StoredPerson($0.person), reason: $0.reason, since: $0.since) }
        }
        sharers = record.sharers.isEmpty ? nil : record.sharers.mapValues(StoredPerson.init)
    }
}

extension StoredJob.StoredAttachment {
    init?(_ record: JobRecord) {
        guard let attachment = record.attachment, let attached = record.job.attached else { return nil }
        self.init(
            id: attachment.id, secret: attachment.secret.bytes, awaySince: attachment.awaySince,
            wait: attachment.wait, idle: attachment.idle, from: attached.from, key: attached.key,
            system: attached.system, architecture: attached.architecture, until: attached.until,
            idleSessions: attached.idle, isAdopted: attached.adopted, gateway: attached.gateway)
    }

    var attachment: MachineAttachment {
        MachineAttachment(
            id: id, secret: .init(bytes: secret), expires: .distantPast, awaySince: awaySince, wait: wait,
            idle: idle)
    }

    var attached: Job.Attached {
        Job.Attached(
            from: from, key: key, adopted: isAdopted, system: system, architecture: architecture,
            until: until,
            away: awaySince.map { _ in true }, idle: idleSessions, gateway: gateway)
    }
}

extension StoredJob.StoredRerun {
    init(_ rerun: Job.Rerun) {
        self.init(
            of: rerun.of.description, isFresh: rerun.fresh, status: rerun.status.rawValue, task: rerun.task,
            exitStatus: rerun.exitStatus)
    }

    func rerun() throws -> Job.Rerun {
        guard let id = JobID(of) else { throw StoredJob.UnknownWord(word: of) }
        return Job.Rerun(
            of: id, fresh: isFresh, status: try StoredJob.read(status), task: task, exitStatus: exitStatus)
    }
}

extension StoredJob.StoredEarlyEntry {
    init(_ entry: Job.EarlyEntry) {
        self.init(
            person: StoredJob.StoredPerson(entry.person), role: entry.role.rawValue,
            kind: entry.kind.rawValue, since: entry.since)
    }

    func entry() throws -> Job.EarlyEntry {
        Job.EarlyEntry(
            person: person.person, role: .init(rawValue: role), kind: try StoredJob.read(kind), since: since)
    }
}

extension StoredJob.StoredArtifacts {
    init(_ artifacts: Job.Artifacts) {
        self.init(
            when: artifacts.when.rawValue, evenIfEntered: artifacts.evenIfEntered, count: artifacts.count,
            size: artifacts.size, remarks: artifacts.remarks)
    }

    var artifacts: Job.Artifacts {
        Job.Artifacts(
            when: .init(rawValue: when), evenIfEntered: evenIfEntered, count: count, size: size,
            remarks: remarks)
    }
}

extension StoredJob.StoredPerson {
    init(_ person: Person) { self.init(id: person.id, name: person.name) }

    var person: Person { Person(id: id, name: name) }
}

extension StoredJob.StoredParty {
    init(_ party: Party) {
        self.init(id: party.id, name: party.name)
        if case .group(let own) = party { group = own.name }
    }

    var party: Party {
        group.map { .group(Group(name: $0)) } ?? .person(Person(id: id, name: name))
    }
}

extension StoredJob.StoredTask {
    init(_ task: Job.Task) {
        self.init(
            name: task.name, status: task.status.rawValue, started: task.started, ended: task.ended,
            exitStatus: task.exitStatus, script: task.script, shortage: task.shortage?.rawValue,
            completesBuild: task.completeBuild)
    }
}

extension StoredJob.StoredBuilder {
    init(_ builder: Job.Builder) {
        self.init(
            state: builder.state.rawValue, user: builder.user, hostKeys: builder.hostKeys,
            keptUntil: builder.keptUntil, accelerator: builder.accelerator?.rawValue,
            isIsolated: builder.isolated,
            isCertified: builder.certified, isFirstUse: builder.firstUse)
        switch builder.endpoint {
        case .address(let address, let port): (self.address, self.port) = (address, port)
        case .socket(let path): socket = path
        }
    }

    func endpoint() throws -> Job.Builder.Endpoint {
        if let socket { return .socket(path: socket) }
        guard let address, let port else { throw StoredJob.UnknownWord(word: "a builder without an address") }
        return .address(address, port: port)
    }
}

extension StoredJob.StoredClaim {
    init(_ claim: StandingClaim) {
        self.init(
            id: claim.id, session: claim.session, person: StoredJob.StoredPerson(claim.person),
            fingerprint: claim.fingerprint, key: claim.key, kind: claim.kind.rawValue,
            isOwners: claim.isOwners, from: claim.from, since: claim.since)
    }
}

// MARK: From the database

extension StoredJob {
    /// A word that this version does not know.
    struct UnknownWord: Error { var word: String }

    fileprivate static func read<Word: RawRepresentable>(
        _ word: String, as type: Word.Type = Word.self
    ) throws -> Word where Word.RawValue == String {
        guard let read = Word(rawValue: word) else { throw UnknownWord(word: word) }
        return read
    }

    /// The job as the API shows it.
    func job() throws -> Job {
        guard let id = JobID(id) else { throw UnknownWord(word: id) }
        return Job(
            id: id, name: name, owner: owner.party, submitter: submitter?.person, note: note,
            status: try Self.read(status),
            pool: pool.flatMap(JobRecord.Build.shownPool), arch: arch,
            visibility: try Self.read(visibility), created: created, deadline: deadline,
            maxDeadline: maxDeadline, held: isHeld, logout: logout.map { Job.Logout(rawValue: $0) },
            keep: keep, shares: shares.map(\.party),
            tasks: try tasks.map { task in
                Job.Task(
                    name: task.name, status: try Self.read(task.status), started: task.started,
                    ended: task.ended, exitStatus: task.exitStatus, script: task.script,
                    shortage: task.shortage.map { Job.Task.Shortage(rawValue: $0) },
                    completeBuild: task.completesBuild)
            }, shell: shell,
            builder: try builder.map { builder in
                Job.Builder(
                    state: try Self.read(builder.state), endpoint: try builder.endpoint(),
                    user: builder.user, hostKeys: builder.hostKeys, keptUntil: builder.keptUntil,
                    accelerator: builder.accelerator.map { Job.Builder.Accelerator(rawValue: $0) },
                    isolated: builder.isIsolated, certified: builder.isCertified,
                    firstUse: builder.isFirstUse)
            },
            builderEnd: builderEnd.map {
                Job.BuilderEnd(reason: .init(rawValue: $0.reason), by: $0.by?.person)
            }, attached: attachment?.attached, rerun: try rerun?.rerun(),
            sessions: try standingClaims().map(\.shown),
            entered: try earlyEntries.map { try $0.map { try $0.entry() } },
            administratorEntries: administratorEntries.map { entries in
                entries.map { .init(person: $0.person.person, reason: $0.reason, since: $0.since) }
            },
            artifacts: artifacts?.artifacts)
    }

    /// Their leases have run out.
    private func standingClaims() throws -> [StandingClaim] {
        try claims.map { claim in
            StandingClaim(
                id: claim.id, session: claim.session, person: claim.person.person,
                fingerprint: claim.fingerprint, key: claim.key, kind: try Self.read(claim.kind),
                isOwners: claim.isOwners ?? owner.party.isSame(as: claim.person.person), from: claim.from,
                since: claim.since, expires: .distantPast)
        }
    }

    func record() throws -> JobRecord {
        JobRecord(
            job: try job(),
            build: JobRecord.Build(
                image: image, keep: try Self.read(keepRule), timeout: timeout,
                pool: pool ?? Configuration.Runner.localPool,
                arch: arch.flatMap { Architecture($0) }),
            source: source, claims: try standingClaims(),
            sharers: (sharers ?? [:]).mapValues(\.person),
            endedSessions: (endedSessions ?? []).map { EndedSession(claim: $0.claim, session: $0.session) },
            attachment: attachment?.attachment,
            builderStarted: builderStarted, until: until,
            keptSince: keptSince, isEntered: isEntered ?? false,
            lifetime: lifetime.map {
                Lifetime(end: $0.end, isEntered: $0.isEntered, isExtended: $0.isExtended)
            }, isPrepared: isPrepared, endsWhenUnclaimed: endsWhenUnclaimed, artifactsUntil: artifactsUntil,
            eventNumber: eventNumber)
    }
}
