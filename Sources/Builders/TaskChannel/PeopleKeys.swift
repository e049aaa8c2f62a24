import Provider
import Subprocess

/// Tells a builder which people's keys to accept, through a helper that keeps running there: someone waits for each list,
/// and a command on an emulated machine takes tenths of a second to start.
///
/// The helper starts with the first list; it ends with this object, with this process and with the machine.
actor PeopleKeys {
    private typealias Answer = Result<Void, BuilderError>

    /// A helper that is running or starting.
    private struct Helper {
        let number: Int
        let lists: AsyncStream<[UInt8]>.Continuation
        let task: Task<Void, Never>
    }

    private static let timeout = Duration.seconds(8)

    private let shell: SecureShell
    private var helper: Helper?
    private var helpers = 0
    /// The callers who wait for an answer, in the order of their lists.
    private var waiters: [CheckedContinuation<Answer, Never>] = []

    init(_ shell: SecureShell) {
        self.shell = shell
    }

    deinit {
        helper?.task.cancel()
    }

    /// Returns when the guest accepts the keys in these lines, and no others. An existing helper may have died
    /// unnoticed; then a new one is started.
    func admit(_ lines: [String]) async throws(BuilderError) {
        let isFresh = helper == nil
        do throws(BuilderError) {
            try await send(lines)
        } catch  where error.code == .connectionLost && !isFresh {
            try await send(lines)
        }
    }

    private func send(_ list: [String]) async throws(BuilderError) {
        let helper = helper ?? start()
        let alarm = Task { [weak self] in
            try await Task.sleep(for: Self.timeout)
            await self?.ended(
                helper.number, BuilderError(.notReady, detail: "admit-keys: no answer in 8 s"))
        }
        defer { alarm.cancel() }
        let lines = list.map { $0 + "\n" }.joined() + "\n"
        let answer = await withCheckedContinuation {
            waiters.append($0)
            helper.lists.yield(Array(lines.utf8))
        }
        try answer.get()
    }

    private func start() -> Helper {
        helpers += 1
        let number = helpers
        let (lists, continuation) = AsyncStream<[UInt8]>.makeStream()
        let task = Task { [shell, weak self] in
            let end = await Self.run(shell, lists, continuation) { await self?.answered(number, times: $0) }
            await self?.ended(number, end)
        }
        let helper = Helper(number: number, lists: continuation, task: task)
        self.helper = helper
        return helper
    }

    /// - Returns: why it has ended.
    private static func run(
        _ shell: SecureShell, _ lists: AsyncStream<[UInt8]>, _ source: AsyncStream<[UInt8]>.Continuation,
        _ answered: (Int) async -> Void
    ) async -> BuilderError {
        do {
            let result = try await Subprocess.run(
                .name(SecureShell.program),
                arguments: Arguments(shell.arguments("\(shell.destination.scripts)/admit-keys")),
                environment: ShortCommand.environment, input: .inputWriter, output: .sequence,
                error: .string(limit: 1 << 16)
            ) { execution in
                let writer = execution.standardInputWriter
                async let writing: Void = {
                    for await list in lists { _ = try await writer.write(list) }
                }()
                // Anything else, such as output of the user's shell at its start, is not an answer.
                var line: [UInt8] = []
                for try await piece in execution.standardOutput {
                    line += piece.withUnsafeBytes { Array($0) }
                    let lines = line.split(
                        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                    await answered(lines.dropLast().count { $0.elementsEqual("in".utf8) })
                    line = Array(lines.last!.prefix(16))
                }
                source.finish()
                try await writing
            }
            guard case .exited(let status) = result.terminationStatus, status != 0 else {
                return BuilderError(.connectionLost, detail: "admit-keys has ended")
            }
            return SecureShell.error(status: status, messages: result.standardError)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return BuilderError(.programMissing, detail: SecureShell.program)
        } catch {
            return BuilderError(.connectionLost, detail: "admit-keys: \(error)")
        }
    }

    private func answered(_ number: Int, times: Int) {
        guard number == helper?.number else { return }
        for _ in 0..<min(times, waiters.count) { waiters.removeFirst().resume(returning: .success(())) }
    }

    private func ended(_ number: Int, _ error: BuilderError) {
        guard let helper, helper.number == number else { return }
        self.helper = nil
        helper.lists.finish()
        helper.task.cancel()
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
        waiters = []
    }
}
