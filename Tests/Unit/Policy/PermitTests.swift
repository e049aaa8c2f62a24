import BuildAPI
import FoundationEssentials
import Policy
import Testing

/// The policy: every action, every kind of person, every visibility, with terms of use and without.
@Suite struct PermitTests {
    private static let alice = Person(id: "1", name: "alice")
    private static let bob = Person(id: "2", name: "bob")

    private static func job(_ visibility: Visibility = .unlisted, shares: [Person] = []) -> Job {
        Job(
            id: JobID("42")!, owner: .person(alice), status: .failed, visibility: visibility,
            created: Date(timeIntervalSince1970: 0), shares: shares.map { .person($0) })
    }

    private static let team = Group(name: "team")

    private static func key(
        of person: Person, suspended: Bool = false, administrator: Bool = false, groups: [Group]? = nil,
        terms: String? = nil
    ) -> Key {
        Key(
            fingerprint: "SHA256:a", type: "ssh-ed25519", key: "AAAA", comment: "", owner: person,
            suspended: suspended, administrator: administrator, groups: groups, unacceptedTerms: terms)
    }

    private static func principal(
        _ person: Person, administrator: Bool = false, groups: [Group]? = nil, terms: String? = nil
    ) throws(Denial) -> Principal {
        try Principal.identify(
            key(of: person, administrator: administrator, groups: groups, terms: terms),
            fingerprint: "SHA256:a")
    }

    private func denial(
        _ action: Action, on job: Job?, for principal: Principal, asking identifier: String = "42"
    ) -> Denial? {
        do throws(Denial) {
            _ = try Permit.decide(action, on: JobID(identifier)!, job, for: principal)
            return nil
        } catch {
            return error
        }
    }

    private static let limited: [([String], KeyUse, Denial)] = [
        (["confirm"], .everything, .unconfirmedKey(fingerprint: "SHA256:a")),
        (["confirm"], .attaching, .unconfirmedKey(fingerprint: "SHA256:a")),
        (["attach"], .everything, .attachingOnly(fingerprint: "SHA256:a")),
        (["attach"], .attaching, .suspended(alice)),
        (["confirm", "attach"], .attaching, .unconfirmedKey(fingerprint: "SHA256:a")),
        (["attach", "confirm"], .everything, .unconfirmedKey(fingerprint: "SHA256:a")),
        (["pair"], .everything, .pairingOnly(fingerprint: "SHA256:a")),
        (["pair"], .attaching, .pairingOnly(fingerprint: "SHA256:a")),
        (["attach", "pair"], .attaching, .unknownKey(fingerprint: "SHA256:a")),
        (["attach", "look"], .attaching, .unknownKey(fingerprint: "SHA256:a")),
        (["look"], .everything, .unknownKey(fingerprint: "SHA256:a")),
        (["look"], .attaching, .unknownKey(fingerprint: "SHA256:a")),
    ]

    @Test(arguments: limited)
    func aKeyWithLimitsOpensOnlyWhatTheyName(limits: [String], use: KeyUse, denial: Denial) throws {
        var key = Self.key(of: Self.alice, suspended: true)
        key.limits = limits.map { Key.Limit(rawValue: $0) }
        #expect(throws: denial) { try Principal.identify(key, fingerprint: "SHA256:a", for: use) }
        (key.limits, key.suspended) = ([], false)
        #expect(try Principal.identify(key, fingerprint: "SHA256:a", for: use).person == Self.alice)
    }

    @Test func aKeyLimitedToAttachingAttaches() throws {
        var key = Self.key(of: Self.alice)
        key.limits = [.attach]
        let principal = try Principal.identify(key, fingerprint: "SHA256:a", for: .attaching)
        #expect(principal.person == Self.alice)
    }

    /// What each kind of person can do with a job that is not public; nobody else can do anything with it.
    private static let allowed: [Standing: Set<Action>] = [
        .owner: Set(Action.allCases), .member: Set(Action.allCases), .shared: [.enter, .stay, .look],
        .administrator: Set(Action.allCases).subtracting([.share]), .stranger: [],
    ]

    @Test(arguments: Action.allCases, Standing.allCases)
    func whatIsNotAllowedIsDenied(action: Action, standing: Standing) throws {
        for visibility in Visibility.allCases {
            for terms in [nil, "7"] {
                let principal = try Self.principal(
                    standing == .owner ? Self.alice : Self.bob, administrator: standing == .administrator,
                    groups: standing == .member ? [Self.team] : nil, terms: terms)
                var job = Self.job(visibility, shares: standing == .shared ? [Self.bob] : [])
                if standing == .member { job.owner = .group(Self.team) }
                let isPublic = action == .look && visibility == .public
                let expected: Denial? =
                    if Self.allowed[standing]!.contains(action) || isPublic {
                        action == .enter ? terms.map { .termsNotAccepted(version: $0) } : nil
                    } else if standing == .stranger, visibility == .private {
                        .concealed(job)
                    } else {
                        // Nobody can let a stranger do the rest.
                        standing == .stranger && [.enter, .stay, .look].contains(action)
                            ? .othersJob(job) : .ownersOnly(job)
                    }
                #expect(denial(action, on: job, for: principal) == expected, "\(visibility) \(terms ?? "-")")
                guard expected == nil else { continue }
                let permit = try Permit.decide(action, on: job.id, job, for: principal)
                #expect(permit.job == job && permit.action == action && permit.standing == standing)
                #expect(permit.person == principal.person)
            }
        }
    }

    @Test func thereIsNoPermitWithoutAJob() throws {
        let alice = try Self.principal(Self.alice)
        #expect(denial(.look, on: nil, for: alice) == .noSuchJob(JobID("42")!))
        guard case .inconsistent = denial(.look, on: Self.job(), for: alice, asking: "43") else {
            Issue.record("a permit for another job than was asked for")
            return
        }
    }

    /// Names are for display only: someone with the same name is another person, and so is someone whose id only looks
    /// the same.
    @Test(arguments: ["3", "01", "1\u{300}", ""])
    func peopleAreComparedByTheBytesOfTheirIds(id: String) throws {
        let namesake = try Self.principal(Person(id: id, name: "alice"))
        #expect(denial(.enter, on: Self.job(), for: namesake) == .othersJob(Self.job()))
    }

    /// A group of another name, a person whose id or name looks like the group's, and a group with a person's id are
    /// someone else; who submitted the job does not matter.
    @Test func aGroupsJobIsItsMembersOnly() throws {
        var job = Self.job()
        job.owner = .group(Self.team)
        job.submitter = Self.alice
        func standing(_ person: Person, _ groups: [String]?) throws -> Standing {
            Standing(of: try Self.principal(person, groups: groups?.map { Group(name: $0) }), to: job)
        }
        #expect(try standing(Self.bob, ["other", "team"]) == .member)
        #expect(try standing(Self.alice, nil) == .stranger)
        #expect(try standing(Self.bob, ["teams", "@team", "Team", ""]) == .stranger)
        #expect(try standing(Person(id: "@team", name: "@team"), []) == .stranger)
        job.owner = .person(Self.alice)
        #expect(try standing(Self.bob, ["alice", "1", "@1"]) == .stranger)
        job.shares = [.group(Self.team)]
        #expect(try standing(Self.bob, ["team"]) == .shared)
        #expect(try standing(Self.bob, []) == .stranger)
        #expect(try standing(Self.alice, ["team"]) == .owner)
    }

    @Test func anAccountIsInItsGroups() throws {
        let account = Account(id: "2", name: "bob", groups: [Self.team])
        #expect(try Principal.identify(account).groups == [Self.team])
    }

    @Test func composedAndDecomposedLettersAreOthers() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        #expect(composed == decomposed, "Swift's strings are equal")
        var job = Self.job()
        job.owner = .person(Person(id: composed, name: "a"))
        let other = try Self.principal(Person(id: decomposed, name: "a"))
        #expect(Standing(of: other, to: job) == .stranger)
        job.shares = [.person(Person(id: composed, name: "a"))]
        #expect(denial(.enter, on: job, for: other) != nil)
    }

    @Test(
        arguments: [
            (nil, .unknownKey(fingerprint: "SHA256:a")),
            (key(of: alice, suspended: true), .suspended(alice)),
            (key(of: alice, suspended: true, administrator: true), .suspended(alice)), (key(of: alice), nil),
        ] as [(Key?, Denial?)])
    func whoIsNotKnownGetsNowhere(key: Key?, expected: Denial?) {
        do throws(Denial) {
            _ = try Principal.identify(key, fingerprint: "SHA256:a")
            #expect(expected == nil)
        } catch {
            #expect(error == expected)
        }
    }

    @Test func anAnswerAboutAnotherKeyIdentifiesNobody() {
        do throws(Denial) {
            _ = try Principal.identify(Self.key(of: Self.alice), fingerprint: "SHA256:b")
            Issue.record("someone was identified")
        } catch {
            guard case .inconsistent = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func anAccountIsItsPersonUnlessItIsSuspended() throws {
        let account = Account(id: "2", name: "bob", administrator: true)
        let principal = try Principal.identify(account)
        #expect(principal.person == Self.bob && principal.isAdministrator)
        #expect(throws: Denial.suspended(Self.bob)) {
            try Principal.identify(Account(id: "2", name: "bob", suspended: true))
        }
    }
}
