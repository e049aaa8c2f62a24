import BuildAPI
import Glibc

/// A file that is being written.
final class ArtifactFile {
    let name: String
    private let limit: Int
    private var size = 0
    private let descriptor: CInt

    /// - Parameters:
    ///   - size: the most bytes that it can have.
    ///   - path: where it is written; a file that is there goes.
    init(_ name: String, size: Int, at path: String) throws(RunnerError) {
        self.name = name
        limit = size
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw RunnerError(storing: StoredArtifacts.what, errno) }
    }

    deinit {
        close(descriptor)
    }

    func append(_ bytes: [UInt8]) throws(RunnerError) {
        size += bytes.count
        guard size <= limit else {
            throw RunnerError(.tooLarge, "The builder sends more of a file than there is of it.")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw RunnerError(storing: StoredArtifacts.what, errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// All of it is on the disk when this returns.
    func finish() throws(RunnerError) -> Artifact {
        guard fsync(descriptor) == 0 else { throw RunnerError(storing: StoredArtifacts.what, errno) }
        return Artifact(name: name, size: size)
    }
}
