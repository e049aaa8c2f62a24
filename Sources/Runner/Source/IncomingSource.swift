import FoundationEssentials
import Glibc
import NIOCore
import Presentation

/// A source while it arrives: a file of its own, which is removed unless a job takes it.
struct IncomingSource: ~Copyable {
    let archive: SourceArchive
    private(set) var size = 0
    private let limit: Int
    private let descriptor: CInt
    /// Where it is now; nil: a job has it.
    private var place: String?

    /// Where sources arrive. What a runner has left there belongs to nobody.
    static func folder(in stateFolder: String) -> String { "\(stateFolder)/sources/incoming" }

    /// - Parameter limit: bytes.
    init(in stateFolder: String, limit: Int) throws(RunnerError) {
        archive = SourceArchive(path: "\(Self.folder(in: stateFolder))/\(UUID())")
        descriptor = open(archive.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        self.limit = limit
        place = archive.path
    }

    deinit {
        close(descriptor)
        if let place { unlink(place) }
    }

    mutating func append(_ buffer: ByteBuffer) throws(RunnerError) {
        size += buffer.readableBytes
        guard size <= limit else {
            throw RunnerError(
                .tooLarge,
                "The source is larger than \(SpokenSize.words(Int64(limit))). Leave out what the build does not need."
            )
        }
        var rest = buffer.readableBytesView[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure(errno)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Moves it to a job's place. It is the job's only once the job exists.
    mutating func move(to path: String) throws(RunnerError) {
        guard rename(archive.path, path) == 0 else { throw Self.failure(errno) }
        place = path
    }

    /// There is a job, and this is its source.
    mutating func keep() { place = nil }

    /// Removes what an earlier runner has left.
    static func removeAll(in stateFolder: String) {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder(in: stateFolder))
        for file in files ?? [] { unlink("\(folder(in: stateFolder))/\(file)") }
    }

    static func failure(_ code: CInt) -> RunnerError {
        let detail = String(cString: strerror(code))
        return code == ENOSPC || code == EDQUOT
            ? RunnerError(.noSpace, "The disk of the build service is full.", detail: detail)
            : RunnerError(.failure, "The source cannot be stored.", detail: detail)
    }
}
