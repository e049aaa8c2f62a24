import BuildAPI
public import ConfigurationFile
import Foundation
import Glibc
import HelperPrograms

/// A copy of what a runner keeps, in a tar archive, while the runner works.
public enum Backup {
    /// The longest time that tar(1) can take.
    private static let limit = Duration.seconds(24 * 3600)

    /// Makes it. Nothing is at `path` before it is complete.
    ///
    /// The database is as it is at one moment. Logs and artifacts can have more than it knows of. Builders, and images that can be
    /// made again, are not in it.
    ///
    /// - Returns: its size in bytes.
    public static func make(
        of configuration: Configuration, at path: String
    ) async throws(RunnerError) -> Int {
        let state = configuration.runner.stateDirectory
        guard access("\(state)/runner.sqlite", R_OK) == 0 else {
            throw RunnerError(.failure, "\(state)/runner.sqlite cannot be read: \(reason).")
        }
        // Everybody's keys, and the key that certifies builders, are in it.
        umask(0o077)
        var template = Array("\(path).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw RunnerError(.failure, "\(path) cannot be made: \(reason).")
        }
        let work = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: work) }
        try copyDatabase(of: state, to: "\(work)/runner.sqlite")
        try await archive(state, work, images: configuration.runner.images, to: "\(work)/archive")
        var status = stat()
        guard stat("\(work)/archive", &status) == 0, rename("\(work)/archive", path) == 0 else {
            throw RunnerError(.failure, "\(path) cannot be made: \(reason).")
        }
        return Int(status.st_size)
    }

    private static func copyDatabase(of state: String, to path: String) throws(RunnerError) {
        let source = "\(state)/runner.sqlite"
        try SQLiteStore.copy(source, to: path)
        var status = stat()
        guard stat(source, &status) == 0, chmod(path, status.st_mode & 0o777) == 0,
            geteuid() != 0 || chown(path, status.st_uid, status.st_gid) == 0
        else { throw RunnerError(.failure, "\(source): \(reason).") }
    }

    private static func archive(
        _ state: String, _ work: String, images: String, to path: String
    ) async throws(RunnerError) {
        let others = ["runner.sqlite*", "lock", "machines/*", "sources/incoming/*"]
        let inside = images.hasPrefix("\(state)/") ? [String(images.dropFirst(state.utf8.count + 1))] : []
        let excluded = (others + inside).map { "--exclude=./\($0)" }
        try await tar(["--create", "--file", path, "--anchored"] + excluded + ["--directory", state, "."])
        try await tar(["--append", "--file", path, "--directory", work, "./runner.sqlite"])
    }

    private static func tar(_ arguments: [String]) async throws(RunnerError) {
        let program = HelperProgram(words: ["tar"] + arguments, outputLimit: 1 << 16, limit: limit)
        do throws(HelperProgram.Failure) {
            let outcome = try await program.run(reading: [])
            // 1: a file has changed or gone while it was read, as logs do.
            guard [.exited(0), .exited(1)].contains(outcome.status) else { throw .failed(outcome.lastWords) }
        } catch {
            throw RunnerError(.failure, "tar cannot write the archive: \(error).")
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
