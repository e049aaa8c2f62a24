package import AllocatorProtocol
import FoundationEssentials
import NodeOrder
import Provider

/// The allocator `slurm`: a builder is a job of a cluster, whose name is the allocation's id.
///
/// Nothing is stored here: the cluster knows which jobs there are, and each verb asks it.
package struct SlurmAllocator: Sendable {
    let file: SlurmFile
    let clients: SlurmClients
    let said: @Sendable (String) -> Void

    /// How often the cluster is asked about one job: longer each time, until something changes.
    var intervals = (first: Duration.milliseconds(500), longest: Duration.seconds(15))
    /// How long `release` waits until a job's processes are gone. If it is not enough, it is tried again.
    var releasePatience = Duration.seconds(600)
    /// How long the cluster has for taking a job back when the runner gives up.
    var farewell = Duration.seconds(8)

    /// - Parameter said: gets a line about each thing that takes time or goes wrong.
    package init(_ file: SlurmFile, said: @escaping @Sendable (String) -> Void) {
        self.init(file, SlurmClients(conf: file.conf), said: said)
    }

    init(_ file: SlurmFile, _ clients: SlurmClients, said: @escaping @Sendable (String) -> Void) {
        self.file = file
        self.clients = clients
        self.said = said
    }

    /// Submits a job, or finds the one that an earlier attempt has submitted, and waits until its builder is ready.
    ///
    /// Throws ``AllocatorWire/Status/notNow`` if that takes longer than the file says; the job keeps its place in the queue
    /// for the next attempt. If the caller is cancelled, the job is cancelled.
    package func allocate(
        _ request: AllocatorWire.Allocate
    ) async throws(AllocatorEnd) -> AllocatorWire.Allocated {
        let name = try Self.name(request.allocation)
        let submission: Submission
        do throws(Submission.Fault) {
            submission = try Submission(request, file)
        } catch {
            throw AllocatorEnd(1, error.reason)
        }
        var attempt = AllocationAttempt(name: name, submission: submission, allocator: self)
        do throws(AllocatorEnd) {
            return try await attempt.run()
        } catch {
            if Task.isCancelled { await takeBack(name) }
            throw error
        }
    }

    /// What is not done in time is left to `release`, which comes.
    private func takeBack(_ name: String) async {
        let (clients, farewell) = (clients, farewell)
        // The task that is cancelled could start no program.
        await Task.detached {
            var quick = clients
            quick.limit = farewell
            for job in (try? await quick.jobs(named: name)) ?? [] where job.state.isAlive {
                try? await quick.cancel(job.number)
            }
        }.value
    }

    /// Ends all jobs of that name, and returns when nothing of them is left.
    package func release(_ request: AllocatorWire.Release) async throws(AllocatorEnd) {
        let name = try Self.name(request.allocation)
        let deadline = ContinuousClock.now + releasePatience
        var pause = intervals.first / 2
        do throws(SlurmFault) {
            while true {
                let jobs = try await clients.jobs(named: name).filter { $0.state.phase != .ended }
                guard !jobs.isEmpty else { return }
                for job in jobs where job.state.isAlive { try await clients.cancel(job.number) }
                guard ContinuousClock.now < deadline else {
                    throw SlurmFault("Slurm job \(jobs[0].number) is cancelled, and does not end")
                }
                try await sleep(pause)
                pause = min(pause * 2, intervals.longest)
            }
        } catch {
            throw AllocatorEnd(AllocatorWire.Status.notNow, error.reason)
        }
    }

    /// Throws if the cluster does not answer: then nobody knows whether anything is gone.
    package func list(_ request: AllocatorWire.List) async throws(AllocatorEnd) -> AllocatorWire.Listed {
        let pool = JobComment.word(request.pool)
        let jobs: [SlurmJob]
        do throws(SlurmFault) {
            jobs = try await clients.jobs()
        } catch {
            throw AllocatorEnd(AllocatorWire.Status.notNow, error.reason)
        }
        var entries: [String: AllocatorWire.Listed.Entry] = [:]
        for job in jobs where job.comment?.pool == pool && AllocationID(job.name) != nil {
            // An earlier job of the name may have ended on a broken node.
            guard entries[job.name]?.state != .alive else { continue }
            entries[job.name] = .init(
                allocation: job.name, state: job.state.isAlive ? .alive : .gone,
                until: job.state.phase == .running ? job.end : nil)
        }
        return AllocatorWire.Listed(allocations: entries.values.sorted { $0.allocation < $1.allocation })
    }

    /// Throws if it is no allocation's: Slurm's programs take lists of names.
    private static func name(_ allocation: String) throws(AllocatorEnd) -> String {
        guard let id = AllocationID(allocation) else {
            throw AllocatorEnd(64, "the allocation's id is not one of the runner's")
        }
        return id.description
    }

    func sleep(_ duration: Duration) async throws(SlurmFault) {
        guard (try? await Task.sleep(for: duration)) != nil else { throw .cancelled }
    }
}
