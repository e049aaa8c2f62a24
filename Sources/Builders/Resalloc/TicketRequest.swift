import AllocatorPrograms
import HelperPrograms

/// The question for a ticket, in a session of its own: whoever waits for the answer can be killed, and the number is not lost.
///
/// The client writes it over blanks that are on the disk before it starts, so that a full disk does not lose it either. A lock
/// says whether it still runs, and that ends with the host at the latest.
struct TicketRequest {
    let folder: StateFolder<ResallocState>
    let allocation: String
    /// Seconds; then the client is ended.
    var limit = Self.longest

    static let longest = 60

    enum Progress: Equatable {
        /// It was never begun.
        case unasked
        case running
        /// The number.
        case answered(Int)
        /// There is no number, and why.
        case failed(ClientComplaint)
    }

    // No id has a dot.
    private var numberFile: String { "\(allocation).ticket" }
    private var errorsFile: String { "\(allocation).errors" }
    private var lockFile: String { "\(allocation).asking" }

    /// Makes room for the number, in the place of an earlier one's.
    func prepare() throws(AllocatorFailure) {
        folder.remove(errorsFile)
        try folder.write(String(repeating: " ", count: 64), to: numberFile)
    }

    /// - Parameter words: of the client.
    func begin(_ words: [String]) async throws(AllocatorFailure) {
        let shell = HelperProgram(
            words: ["/bin/sh", "-c", Self.script, "sh", "\(folder.path)/\(allocation)", "\(limit)"] + words,
            outputLimit: 1 << 10, limit: .seconds(60))
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await shell.run(reading: [])
        } catch {
            throw AllocatorFailure("resalloc ticket: \(error)")
        }
        guard outcome.status == .exited(0) else {
            throw AllocatorFailure("resalloc ticket could not be begun: \(outcome.lastWords)")
        }
    }

    private static let script = """
        umask 077
        file=$1 limit=$2
        shift 2
        exec 9>"$file.asking" && flock -n 9 || { echo "$file.asking is taken" >&2; exit 75; }
        {
            timeout --kill-after=5 "$limit" "$@" 1<>"$file.ticket"
            sync "$file.ticket"
        } </dev/null >/dev/null 2>"$file.errors" &
        """

    func progress() throws(AllocatorFailure) -> Progress {
        guard try folder.isFree(lockFile) else { return .running }
        guard folder.has(errorsFile) else { return .unasked }
        let words = String(decoding: folder.bytes(of: numberFile), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        if words.count == 1, let number = Int(words[0]), number > 0 { return .answered(number) }
        let errors = String(decoding: folder.bytes(of: errorsFile, after: -4096), as: UTF8.self)
        guard words.isEmpty else {
            return .failed(ClientComplaint("it has printed no number, but \(words.joined(separator: " "))"))
        }
        return .failed(ClientComplaint(errors))
    }

    /// Removes its files.
    func remove() {
        for file in [numberFile, errorsFile, lockFile] { folder.remove(file) }
    }
}
