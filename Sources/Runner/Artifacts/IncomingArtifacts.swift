import BuildAPI
import Foundation
import Glibc
import HelperPrograms
import Provider

/// Artifacts while they arrive from a builder, which may say anything: each in a file of its own, and none of them the job's
/// before all of them are.
actor IncomingArtifacts {
    private let stored: StoredArtifacts
    private let patterns: [String]
    /// Bytes that there is room for.
    private var left: Int
    private var artifacts: [Artifact] = []
    private var names: Set<String> = []
    private var file: ArtifactFile?
    private var remarks = ArtifactRemarks()
    /// How much the builder has said that is no artifact.
    private var omissions = 0
    /// Why no more is taken.
    private(set) var failure: RunnerError?

    private static let mostOmissions = 10_000
    /// They have just been written.
    private static let timeForDigests = Duration.seconds(600)

    /// - Parameter wanted: what the builder was asked for.
    init(of stored: StoredArtifacts, _ wanted: WantedFiles) throws(RunnerError) {
        self.stored = stored
        patterns = wanted.patterns
        left = wanted.size
        stored.removeIncoming()
        guard mkdir(stored.incoming, 0o750) == 0 else {
            throw RunnerError(storing: StoredArtifacts.what, errno)
        }
    }

    func take(_ part: FilePart) throws(RunnerError) {
        do throws(RunnerError) {
            try receive(part)
        } catch {
            failure = error
            throw error
        }
    }

    private func receive(_ part: FilePart) throws(RunnerError) {
        switch part {
        case .file(let name, let size): try begin(name, size)
        case .bytes(let bytes): try file?.append(bytes)
        case .end(let isWhole): try end(isWhole)
        case .omission(let omission):
            try count()
            remarks.add(omission, of: patterns, left: left)
        }
    }

    private func begin(_ name: String, _ size: Int) throws(RunnerError) {
        guard ArtifactName.isValid(name) else {
            try count()
            return remarks.add("\(ArtifactRemarks.shown(name)) is no name for an artifact: not taken")
        }
        guard names.insert(name).inserted else { return try count() }
        guard size <= left, names.count <= StoredArtifacts.most else { throw Self.tooMuch }
        left -= size
        file = try ArtifactFile(
            name, size: size, at: StoredArtifacts.file(artifacts.count, in: stored.incoming))
    }

    private func end(_ isWhole: Bool) throws(RunnerError) {
        guard let file else { return }
        self.file = nil
        guard isWhole else {
            return remarks.add("\(ArtifactRemarks.shown(file.name)) was changed meanwhile: not taken")
        }
        artifacts.append(try file.finish())
    }

    private func addDigests() async throws(RunnerError) {
        guard !artifacts.isEmpty else { return }
        do throws(HelperProgram.Failure) {
            let sums = try await SHA256Sum.of(
                artifacts.indices.map { String($0) }, in: stored.incoming, limit: Self.timeForDigests)
            for (index, sum) in sums.enumerated() { artifacts[index].sha256 = sum }
        } catch {
            throw RunnerError(.failure, "\(StoredArtifacts.what) cannot be read again.", detail: "\(error)")
        }
    }

    private func count() throws(RunnerError) {
        omissions += 1
        guard omissions <= Self.mostOmissions else { throw Self.tooMuch }
    }

    private static var tooMuch: RunnerError {
        RunnerError(.tooLarge, "The builder sends more than it was asked for.")
    }

    /// All of them are there: from now on they are the job's.
    func finish(at now: Date) async throws(RunnerError) -> TakenArtifacts {
        try await addDigests()
        let index = StoredArtifacts.Index(taken: now, artifacts: artifacts)
        let file = try ArtifactFile("", size: .max, at: StoredArtifacts.index(in: stored.incoming))
        do {
            try file.append(Array(try JSON.encode(index)))
        } catch {
            throw error as? RunnerError ?? RunnerError(storing: StoredArtifacts.what, EINVAL)
        }
        _ = try file.finish()
        try stored.commit()
        return TakenArtifacts(
            count: artifacts.count, size: artifacts.reduce(0) { $0 + $1.size }, remarks: remarks.all)
    }
}
