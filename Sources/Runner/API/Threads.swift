import NIOPosix

/// Does what can take long on threads of its own: Swift's have to serve everyone, and there are only as many as
/// processors.
///
/// An error that is not the body's own ``RunnerError`` is a failure of the runner, and its cause goes into the log.
///
/// - Parameter threads: those of its kind, so that no kind waits for another; by default, those for lists.
func apart<Value: Sendable>(
    on threads: NIOThreadPool = .singleton, _ body: @escaping @Sendable () throws -> Value
) async throws(RunnerError) -> Value {
    do {
        return try await threads.runIfActive(body)
    } catch let error as RunnerError {
        throw error
    } catch is CancellationError {
        // The pool has been shut down; or the request is given up, and nobody reads the answer.
        throw RunnerError(.stopping, "The service is stopping.")
    } catch {
        throw RunnerError(.failure, "The service has failed.", detail: String(reflecting: error))
    }
}

extension NIOThreadPool {
    static let manifestReaders = started(threads: 2)
    /// An archive can take a minute to read.
    static let archiveReaders = started(threads: 2)

    private static func started(threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }
}
