import AllocatorProtocol
import FoundationEssentials
import NodeOrder

/// One call of `allocate`: asks the cluster again and again, until there is an answer.
struct AllocationAttempt {
    let name: String
    let submission: Submission
    let allocator: SlurmAllocator

    /// The number of the allocation's job; nil: there is none so far.
    private var own: Int?
    /// What was said last, and when.
    private var sentence = ""
    private var news = ContinuousClock.now

    private var file: SlurmFile { allocator.file }
    private var clients: SlurmClients { allocator.clients }

    init(name: String, submission: Submission, allocator: SlurmAllocator) {
        self.name = name
        self.submission = submission
        self.allocator = allocator
    }

    mutating func run() async throws(AllocatorEnd) -> AllocatorWire.Allocated {
        let deadline = ContinuousClock.now + .seconds(file.patience)
        while true {
            switch try await step() {
            case .again: break
            case .answer(let answer): return answer
            case .end(let end): throw end
            }
            guard ContinuousClock.now < deadline else {
                throw AllocatorEnd(AllocatorWire.Status.notNow, sentence)
            }
            do throws(SlurmFault) {
                try await allocator.sleep(pause)
            } catch {
                throw AllocatorEnd(1, error.reason)
            }
        }
    }

    /// A tenth of the time that nothing has changed: so much longer does anybody wait than was necessary.
    private var pause: Duration {
        let (first, longest) = allocator.intervals
        return min(max(first, news.duration(to: .now) / 10), longest)
    }

    private enum Step {
        case again
        case answer(AllocatorWire.Allocated)
        case end(AllocatorEnd)
    }

    /// Looks once, and does what is to be done. A cluster that does not answer is asked again.
    private mutating func step() async throws(AllocatorEnd) -> Step {
        do throws(SlurmFault) {
            return try await look()
        } catch {
            guard error.isPassing, !error.isCancelled else { throw AllocatorEnd(1, error.reason) }
            say("\(error.reason): Slurm is asked again")
            return .again
        }
    }

    private mutating func look() async throws(SlurmFault) -> Step {
        let jobs = try await clients.jobs(named: name)
        switch AllocationVerdict.make(of: jobs, own: own) {
        case .submit:
            // What did not answer may have taken the job all the same: the next look finds it.
            let number = try await clients.submit(submission)
            own = number
            say("Slurm job \(number) is submitted")
            return .again
        case .wait(let job, let sentence):
            if job.state.isAlive { own = job.number }
            say(sentence)
            return .again
        case .ready(let job, let node, let port, let hostKeys, let until):
            try await cancelOthers(jobs, than: job)
            return .answer(
                AllocatorWire.Allocated(
                    address: try await address(of: node), port: port, user: MachineOrder.user,
                    hostKeys: hostKeys, until: until, data: "Slurm job \(job.number) on \(node)"))
        case .notNow(let sentence): return .end(AllocatorEnd(AllocatorWire.Status.notNow, sentence))
        case .failed(let sentence): return .end(AllocatorEnd(1, sentence))
        }
    }

    /// A submission whose answer was lost, and its repetition.
    private func cancelOthers(_ jobs: [SlurmJob], than own: SlurmJob) async throws(SlurmFault) {
        for job in jobs where job.number != own.number && job.state.isAlive {
            try await clients.cancel(job.number)
        }
    }

    private func address(of node: String) async throws(SlurmFault) -> String {
        if let address = file.addresses[node] { return address }
        return try NodeAddress.resolve(try await clients.address(of: node))
    }

    /// Says what is new. Then it is looked at more often again.
    private mutating func say(_ sentence: String) {
        guard sentence != self.sentence else { return }
        self.sentence = sentence
        news = .now
        allocator.said(sentence)
    }
}
