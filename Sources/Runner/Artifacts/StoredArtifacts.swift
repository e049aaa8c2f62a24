import BuildAPI
import Foundation
import Glibc

/// The artifacts of one job on the disk, among its logs, so that they go with these.
///
/// Files have numbers; their names, which are a builder's, are in the index alone.
struct StoredArtifacts: Sendable {
    /// How many one job can have.
    static let most = 1000
    static let what = "The artifacts"

    struct Index: Codable, Equatable {
        var taken: Date
        /// In the order of the files.
        var artifacts: [Artifact]
    }

    /// No task's name has a dot.
    private let folder: String
    /// Where they are until all of them are there.
    let incoming: String

    init(of job: JobID, in settings: Settings) {
        self.init(in: settings.logs(of: job))
    }

    init(in logs: String) {
        folder = "\(logs)/.artifacts"
        incoming = "\(logs)/.artifacts.incoming"
    }

    static func file(_ index: Int, in folder: String) -> String { "\(folder)/\(index)" }
    static func index(in folder: String) -> String { "\(folder)/index.json" }

    /// Nil: there are none.
    var index: Index? {
        FileManager.default.contents(atPath: Self.index(in: folder)).flatMap {
            try? JSON.decode(Index.self, from: $0)
        }
    }

    /// Bytes of all of them.
    var size: Int { index?.artifacts.reduce(0) { $0 + $1.size } ?? 0 }

    /// A descriptor of the content, for the caller to close.
    ///
    /// - Parameter number: its place in the index.
    func open(_ number: Int) throws(RunnerError) -> CInt {
        let descriptor = Glibc.open(Self.file(number, in: folder), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw RunnerError(
                .failure, "The artifact cannot be read.", detail: String(cString: strerror(errno)))
        }
        return descriptor
    }

    /// Makes what has arrived the job's artifacts, in place of any that an earlier runner has taken.
    func commit() throws(RunnerError) {
        do {
            if FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.removeItem(atPath: folder)
            }
        } catch {
            throw RunnerError(.failure, "\(Self.what) cannot be stored.", detail: "\(error)")
        }
        guard rename(incoming, folder) == 0 else { throw RunnerError(storing: Self.what, errno) }
    }

    /// Removes what has arrived and is not the job's.
    func removeIncoming() {
        try? FileManager.default.removeItem(atPath: incoming)
    }
}
