import BuildAPI
import Testing

@testable import Runner

@Suite("Whose job starts next")
struct WaitingTests {
    private static func ids(_ numbers: some Sequence<Int>) -> [JobID] { numbers.map { JobID("\($0)")! } }

    /// Ten jobs of each owner: Alice has submitted all of hers first, then Bob, then Carol.
    private func thirty() -> Waiting {
        var waiting = Waiting()
        for (index, owner) in ["alice", "bob", "carol"].enumerated() {
            for id in Self.ids(1 + index * 10...10 + index * 10) { waiting.add(id, of: owner) }
        }
        return waiting
    }

    @Test("owners take turns, whoever came first; one owner's jobs start in their order")
    func turns() {
        var waiting = thirty()
        var started: [JobID] = []
        while let next = waiting.next(where: { _ in true }) { started.append(next) }
        #expect(started == Self.ids((1...10).flatMap { [$0, $0 + 10, $0 + 20] }))
        #expect(waiting.byOwner.isEmpty)
    }

    @Test(
        "on two slots with a limit of one, three owners are served in turn, and nobody at the limit blocks others"
    )
    func slots() {
        var waiting = thirty()
        /// The owners of running jobs, oldest first.
        var running: [String] = []
        var served: [String] = []
        func fill() {
            while running.count < 2, let job = waiting.next(where: { !running.contains($0) }) {
                let owner = ["alice", "bob", "carol"][(Int(job.description)! - 1) / 10]
                running.append(owner)
                served.append(owner)
            }
        }
        fill()
        #expect(running == ["alice", "bob"])
        while !running.isEmpty {
            running.removeFirst()
            fill()
        }
        #expect(served == (1...10).flatMap { _ in ["alice", "bob", "carol"] })
    }

    @Test("an owner who comes again has the last turn; one who has left the queue does not hold a place")
    func places() {
        var waiting = Waiting()
        for (id, owner) in zip(Self.ids(1...3), ["alice", "bob", "carol"]) { waiting.add(id, of: owner) }
        #expect(waiting.next(where: { _ in true }) == JobID("1"))
        waiting.add(JobID("4")!, of: "alice")
        waiting.remove(JobID("2")!)
        waiting.remove(JobID("99")!)
        #expect(waiting.jobs(of: "bob") == [] && waiting.jobs(of: "alice") == Self.ids([4]))
        #expect(waiting.byOwner.map(\.owner) == ["carol", "alice"])
    }

    @Test("after a restart, whoever had a turn last comes last")
    func restart() {
        var waiting = thirty()
        for owner in ["alice", "bob", "nobody who waits"] { waiting.endTurn(of: owner) }
        let next = (1...3).map { _ in waiting.next(where: { _ in true }) }
        #expect(next == Self.ids([21, 1, 11]))
    }

    private func job(
        _ id: Int, _ status: Job.Status, _ state: Job.Builder.State?, _ visibility: Visibility = .unlisted
    ) -> Job {
        Job(
            id: JobID("\(id)")!, owner: .person(Person(id: "1", name: "alice")), status: status,
            visibility: visibility,
            builder: state.map {
                Job.Builder(state: $0, endpoint: .address("::1", port: 22), user: "build", hostKeys: [])
            })
    }

    @Test("jobs that boot or run count as running; kept builders stop nothing until there are too many")
    func obstacles() {
        let busy = [job(1, .queued, nil), job(2, .running, .booting), job(3, .running, .ready)]
        // Cancelled, and its machine not gone yet.
        let ending = job(4, .cancelled, nil)
        let kept = [job(5, .failed, .kept), job(6, .success, .kept, .private)]
        func obstacle(_ jobs: [Job], running: Int?, kept: Int = 2) -> OwnersBuilders.Obstacle? {
            OwnersBuilders(jobs).obstacle(runningLimit: running, keptLimit: kept)
        }
        #expect(obstacle(busy + [ending] + kept, running: 4) == nil)
        #expect(obstacle(busy, running: 3) == .running)
        #expect(obstacle(busy, running: nil) == nil)
        #expect(obstacle(kept, running: 3, kept: 2) == nil)
        #expect(obstacle(kept, running: 3, kept: 1) == .kept)
    }

    @Test("a waiting job's log says why, and names no private job to others")
    func sentences() {
        let builders = OwnersBuilders([
            job(2, .running, .ready), job(3, .running, .ready, .private), job(10, .failed, .kept),
        ])
        let alice = Party.person(Person(id: "1", name: "alice"))
        func sentence(_ visibility: Visibility, _ obstacle: OwnersBuilders.Obstacle?) -> String {
            WaitReason(job(11, .queued, nil, visibility), builders, obstacle).sentence(slots: 4, owner: alice)
        }
        #expect(
            sentence(.private, .running)
                == "waits until 3 or 2 has ended: you have 2 running jobs, which is the limit")
        #expect(
            sentence(.public, .running)
                == "waits until 2 has ended: you have 2 running jobs, which is the limit")
        #expect(sentence(.unlisted, .kept) == "waits: you have 1 kept builder; release 10")
        #expect(sentence(.unlisted, nil) == "waits: all builders (4) are in use; you can release 10")
        #expect(
            WaitReason.running(1, named: []).sentence(slots: 4, owner: alice)
                == "waits until one has ended: you have 1 running job, which is the limit")
        #expect(
            WaitReason.kept(2, named: []).sentence(slots: 4, owner: .group(Group(name: "team")))
                == "waits: @team has 2 kept builders; release one")
    }
}
