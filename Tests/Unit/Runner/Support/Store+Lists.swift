import BuildAPI
import Foundation

@testable import Runner

/// Whole lists, which fit into one batch in these tests.
extension SQLiteStore {
    func jobs(owner: Person?, live: Bool, shared: Bool = false) async throws -> [Job] {
        let filter = JobFilter(owner: owner.map { .person($0) }, isLive: live, includesShared: shared)
        return try await jobs(filter, after: nil, most: nil).elements.map(\.value)
    }

    /// - Parameter owner: a person's name or id; nil: everyone's.
    func keys(owner: String?) async throws -> [Key] { try await keys(owner, pendingAt: nil) }

    func pendingKeys(owner: String?, at now: Date) async throws -> [Key] {
        try await keys(owner, pendingAt: now).filter { !$0.isUnlimited }
    }

    private func keys(_ owner: String?, pendingAt now: Date?) async throws -> [Key] {
        var known: Person?
        if let owner {
            known = try await person(owner)
            guard known != nil else { return [] }
        }
        let batch = try await read { [known] database in
            try keys(owner: known, pendingAt: now, limits: [.attach, .pair], after: nil, most: nil, database)
        }
        return batch.elements.map(\.value)
    }

    func people() async throws -> [Account] {
        try await read { try Self.people(after: nil, most: nil, $0) }.elements.map(\.value)
    }
}
