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

    /// Where sources arrive. What a runner has left there belongs to nobody.
    static func folder(in stateFolder: String) -> String { "\(stateFolder)/sources/incoming" }

    /// - Parameter limit: bytes.
    init(in stateFolder: String, limit: Int) throws(RunnerError) {
        archive = SourceArchive(path: "\(Self.folder(in: stateFolder))/\(UUID())")
        descriptor = open(archive.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        self.limit = limit
    }

    private init(_ archive: SourceArchive, size: Int, descriptor: CInt) {
        self.archive = archive
        self.size = size
        self.descriptor = descriptor
        limit = size
    }

    /// The same source once more, which the file system keeps as long as one of its jobs; nil: there is no such file.
    ///
    /// - Parameter path: of a job's source.
    static func linked(to path: String, in stateFolder: String) throws(RunnerError) -> IncomingSource? {
        let archive = SourceArchive(path: "\(folder(in: stateFolder))/\(UUID())")
        guard link(path, archive.path) == 0 else {
            if errno == ENOENT { return nil }
            throw failure(errno)
        }
        let descriptor = open(archive.path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            unlink(archive.path)
            throw failure(code)
        }
        return IncomingSource(archive, size: Int(status.st_size), descriptor: descriptor)
    }

    deinit {
        close(descriptor)
        // Nothing is there if a job has taken it.
        unlink(archive.path)
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

    /// Removes what an earlier runner has left.
    static func removeAll(in stateFolder: String) {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder(in: stateFolder))
        for file in files ?? [] { unlink("\(folder(in: stateFolder))/\(file)") }
    }

    static func failure(_ code: CInt) -> RunnerError {
        RunnerError(storing: "The source", code)
    }
}

extension RunnerError {
    /// - Parameters:
    ///   - what: the beginning of a sentence.
    ///   - code: as in errno.
    init(storing what: String, _ code: CInt) {
        let detail = String(cString: strerror(code))
        if code == ENOSPC || code == EDQUOT {
            self.init(.noSpace, "The disk of the build service is full.", detail: detail)
        } else {
            self.init(.failure, "\(what) cannot be stored.", detail: detail)
        }
    }
}
