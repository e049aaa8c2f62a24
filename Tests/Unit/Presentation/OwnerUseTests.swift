import BuildAPI
import FoundationEssentials
import Presentation
import Testing

@Suite("Who uses how much")
struct OwnerUseTests {
    private static let alice = Party.person(Person(id: "1", name: "alice"))
    private static let bob = Party.person(Person(id: "2", name: "bob"))
    private static let team = Party.group(Group(name: "team"))

    private func job(
        _ number: Int, of owner: Party, _ status: Job.Status, _ state: Job.Builder.State? = nil,
        sessions: Int = 0
    ) -> Job {
        var job = Job(id: JobID("\(number)")!, owner: owner, status: status)
        job.builder = state.map {
            Job.Builder(state: $0, endpoint: .address("::1", port: 22), user: "build", hostKeys: [])
        }
        job.sessions = (0..<sessions).map {
            Job.Session(
                session: "s\($0)", person: Person(id: "3", name: "carol"), kind: .shell, from: "::1",
                since: .distantPast)
        }
        return job
    }

    @Test("is counted for each owner, and who has most builders comes first")
    func counts() {
        let uses = OwnerUse.list([
            job(1, of: Self.bob, .queued), job(2, of: Self.bob, .pending),
            job(3, of: Self.alice, .running, .booting, sessions: 1),
            job(4, of: Self.team, .failed, .kept, sessions: 2), job(5, of: Self.alice, .success, .kept),
            job(6, of: Self.bob, .failed), job(7, of: Self.alice, .queued),
        ])
        #expect(
            uses.map { [$0.owner.name, "\($0.waiting) \($0.running) \($0.kept) \($0.sessions)"] } == [
                ["alice", "1 1 1 1"], [Self.team.name, "0 0 1 2"], ["bob", "2 0 0 0"],
            ])
    }

    @Test("is told apart by ids, and ordered by names where it is the same")
    func equals() {
        let other = Party.person(Person(id: "4", name: "alice"))
        let uses = OwnerUse.list([
            job(1, of: Self.bob, .queued), job(2, of: other, .queued), job(3, of: Self.alice, .queued),
        ])
        #expect(uses.map(\.owner.name) == ["alice", "alice", "bob"] && uses.allSatisfy { $0.waiting == 1 })
        #expect(OwnerUse.list([]).isEmpty)
    }
}
