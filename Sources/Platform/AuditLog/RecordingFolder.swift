import ConfigurationFile
package import FoundationEssentials
import Glibc

/// The folder of recordings.
package struct RecordingFolder: Sendable {
    /// One of them.
    package struct Recording: Equatable, Sendable {
        package let name: String
        package let size: Int
        let modified: Int
    }

    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// What the names of recordings end with.
    package static let suffix = ".cast"

    /// All that there are.
    package var recordings: [Recording] {
        (Folder.names(in: path) ?? []).compactMap { name in
            var status = stat()
            guard name.hasSuffix(Self.suffix), lstat("\(path)/\(name)", &status) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { return nil }
            return Recording(name: name, size: Int(status.st_size), modified: status.st_mtim.tv_sec)
        }
    }

    /// Removes those that nothing has been added to since then.
    ///
    /// - Returns: their paths.
    @discardableResult
    package func removeAll(before moment: Date) -> [String] {
        recordings.filter { $0.modified < Int(moment.timeIntervalSince1970) }.map { "\(path)/\($0.name)" }
            .filter { unlink($0) == 0 }
    }
}
