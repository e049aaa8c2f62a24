/// How the runner works in a builder, whoever has made the machine: it brings sources and scripts, starts tasks, and
/// follows them.
///
/// Each function can be called again after it has failed, and by another runner: what has been done once is not
/// done twice.
public protocol TaskChannel: Sendable {
    /// Unpacks a tar archive into the folder in which tasks and shells start from then on.
    ///
    /// - Parameters:
    ///   - archive: the path of a file here.
    ///   - isCompressed: with gzip.
    func unpack(_ archive: String, isCompressed: Bool) async throws
    /// Puts the scripts and the environment into the machine.
    func prepare(_ workload: Workload) async throws
    /// Starts a task, detached; nothing happens if it has been started before.
    func startTask(_ name: String) async throws
    /// Passes on the task's output from that byte on, until the task has ended. Nothing more is read while `receive`
    /// waits; an error from it ends the reading. A broken connection is made again, and continues where it broke.
    func follow(
        task name: String, from offset: Int, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TaskOutcome
    /// Passes on files, one after the other, and says what of them does not come. Nothing more is read while `receive` waits; an
    /// error from it ends the reading. After a broken connection it begins with the first one again.
    func collect(
        _ wanted: WantedFiles, _ receive: @escaping @Sendable (FilePart) async throws -> Void
    ) async throws
    /// Accepts exactly these people's keys, in addition to those that the machine was made with, and shows their
    /// message.
    ///
    /// - Parameter left: seconds until the deadline.
    /// - Returns: false if this machine does not support that.
    func tell(_ people: BuilderPeople, left: Int?) async throws -> Bool
    /// When the machine ends itself, unless it gets a new deadline.
    func setDeadline(secondsFromNow seconds: Int) async throws
}
