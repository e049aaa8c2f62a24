public import BuildAPI

/// How a machine is executed.
public struct BuilderExecution: Sendable {
    /// Nil: nobody knows.
    public var accelerator: Job.Builder.Accelerator?
    /// Whether it is a process of its own user, apart from the runner's; nil: nobody knows.
    public var isIsolated: Bool?
    /// MiB; nil: nobody knows.
    public var memory: Int?

    public init(
        accelerator: Job.Builder.Accelerator? = nil, isIsolated: Bool? = nil, memory: Int? = nil
    ) {
        self.accelerator = accelerator
        self.isIsolated = isIsolated
        self.memory = memory
    }
}
