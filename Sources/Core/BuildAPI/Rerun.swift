extension Job {
    /// Where a job comes from that was made of a finished one.
    public struct Rerun: Codable, Equatable, Sendable {
        /// The finished job. It can be gone by now.
        public var of: JobID
        /// Whether nothing is run: the builder is prepared, and kept at once.
        public var fresh: Bool
        /// How the finished job had ended.
        public var status: Status
        /// The task with which it had failed; nil: with none.
        public var task: String?
        /// How that task had ended.
        public var exitStatus: Int?

        enum CodingKeys: String, CodingKey {
            case of, fresh, status, task
            case exitStatus = "exit_status"
        }

        public init(
            of job: JobID, fresh: Bool, status: Status, task: String? = nil, exitStatus: Int? = nil
        ) {
            of = job
            self.fresh = fresh
            self.status = status
            self.task = task
            self.exitStatus = exitStatus
        }

        /// Of a fresh builder's job, on which nothing was run, it is the job that this was for.
        public init(of job: Job, fresh: Bool) {
            if let other = job.rerun, other.fresh {
                self = other
                self.fresh = fresh
                return
            }
            let failed = job.tasks.first { $0.status == .failed }
            self.init(
                of: job.id, fresh: fresh, status: job.status, task: failed?.name,
                exitStatus: failed?.exitStatus)
        }
    }

    /// Whether its builder is prepared like that of another job, and nothing is run.
    public var isFresh: Bool { rerun?.fresh ?? false }
}

/// What `POST /v1/jobs/N/reruns` asks for. What is nil is as in the finished job.
public struct NewRerun: Codable, Equatable, Sendable {
    /// See ``Job/Rerun/fresh``; nil: no.
    public var fresh: Bool?
    /// The name of the pool that the builder comes from.
    public var pool: String?
    /// What the builder must be.
    public var arch: String?
    /// As a manifest names it.
    public var image: String?

    public init(fresh: Bool? = nil, pool: String? = nil, arch: String? = nil, image: String? = nil) {
        self.fresh = fresh
        self.pool = pool
        self.arch = arch
        self.image = image
    }
}
