import AllocatorPrograms
import HelperPrograms

/// A machine's `reset`, in a session of its own: whoever waits for it can be ended, and it is not.
///
/// Files in the state folder say how far it is. One is locked while it runs, so that it is never run twice at a time, and that
/// lock ends with the host at the latest; it is the kernel's word, and not that of a process number.
struct DetachedReset {
    let folder: StateFolder<HostsState>
    /// The machine's.
    let name: String
    /// Then the program is ended.
    var limit = Self.longest

    static let longest = 1800

    // No name of a machine has an underscore.
    private var lockFile: String { "\(name)_reset.lock" }
    private var endFile: String { "\(name)_reset.end" }
    private var outputFile: String { "\(name)_reset.log" }

    /// By this its processes are known. It is not the allocation: what the runner ends under that id must not be a reset.
    private var mark: (name: String, value: String) { ("SALLYPORT_RESET", "\(folder.path)/\(name)") }

    func begin(
        _ words: [String], environment: [String: String], id: String
    ) async throws(AllocatorFailure) {
        guard try folder.isFree(lockFile) else { throw .unfinished("\(name): is still being made new") }
        guard await endLeftovers() else {
            throw AllocatorFailure("\(name): processes of an earlier reset do not end")
        }
        let shell = HelperProgram(
            words: ["/bin/sh", "-c", Self.script, "sh", "\(folder.path)/\(name)_reset", id, "\(limit)"]
                + words,
            environment: environment.merging([mark.name: mark.value]) { $1 }, outputLimit: 1 << 10,
            limit: .seconds(60))
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await shell.run(reading: [])
        } catch {
            throw AllocatorFailure("\(name): reset: \(error)")
        }
        guard outcome.status == .exited(0) else {
            let last = outcome.errors.split(whereSeparator: \.isNewline).last ?? ""
            throw AllocatorFailure("\(name): reset could not be begun: \(last)")
        }
    }

    /// Locks, and leaves the rest to a process that nobody waits for: it has the lock, runs the program, and writes how that
    /// has ended. A daemon that the program leaves has no lock.
    private static let script = """
        umask 077
        file=$1 id=$2 limit=$3
        shift 3
        exec 9>"$file.lock" && flock -n 9 || { echo "$file.lock is taken" >&2; exit 75; }
        rm -f "$file.end" "$file.log" || exit 1
        {
            timeout --kill-after=10 "$limit" "$@" 9>&-
            echo "$id $?" >"$file.end.new" && mv "$file.end.new" "$file.end"
        } </dev/null >"$file.log" 2>&1 &
        """

    func progress(id: String) async throws(AllocatorFailure) -> ResetProgress {
        guard try folder.isFree(lockFile) else { return .running }
        guard let status = end(id) else {
            await endLeftovers()
            return .interrupted
        }
        return try await ended(status)
    }

    private func ended(_ status: Int) async throws(AllocatorFailure) -> ResetProgress {
        guard status != 0 else { return .succeeded }
        // timeout(1) ends its process group only.
        await endLeftovers()
        guard status != 124 else { return .failed("\(name): reset: no end within \(limit) s") }
        let said = String(decoding: folder.bytes(of: outputFile, after: -400), as: UTF8.self)
        let last = said.split(whereSeparator: \.isNewline).last.map { "\($0) (status \(status))" }
        return .failed("\(name): reset: \(last ?? "status \(status)")")
    }

    /// The program's exit status, as a shell tells it.
    private func end(_ id: String) -> Int? {
        let words = String(decoding: folder.bytes(of: endFile), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        return words.count == 2 && words[0] == id ? Int(words[1]) : nil
    }

    func output(after offset: Int) -> [UInt8] { folder.bytes(of: outputFile, after: offset) }

    @discardableResult
    private func endLeftovers() async -> Bool {
        await MarkedProcesses.end(with: "\(mark.name)=\(mark.value)")
    }
}
