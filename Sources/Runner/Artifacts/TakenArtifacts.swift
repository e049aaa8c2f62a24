import BuildAPI
import FoundationEssentials
import Presentation
import Provider

/// What has become of a job's artifacts.
struct TakenArtifacts: Equatable, Sendable {
    /// Nil: they could not be taken.
    var count: Int?
    var size: Int?
    /// What is missing, and why: lines for people.
    var remarks: [String]

    /// None, for that reason.
    init(failure reason: String) {
        remarks = ["none is kept: \(reason)"]
    }

    init(count: Int, size: Int, remarks: [String]) {
        (self.count, self.size, self.remarks) = (count, size, remarks)
    }
}

/// Lines about what is not kept, no more than people read.
struct ArtifactRemarks {
    private static let most = 20
    private var lines: [String] = []
    private var more = 0

    mutating func add(_ line: String) {
        if lines.count < Self.most { lines.append(line) } else { more += 1 }
    }

    var all: [String] { more == 0 ? lines : lines + ["\(more.counted("more file")) not taken"] }

    /// - Parameters:
    ///   - patterns: of the manifest.
    ///   - left: bytes that there is room for.
    mutating func add(_ omission: FilePart.Omission, of patterns: [String], left: Int) {
        switch omission {
        case .noMatch(let index):
            guard patterns.indices.contains(index) else { return }
            add("nothing matches \(Self.shown(patterns[index]))")
        case .link(let name): add("\(Self.shown(name)) is a symbolic link, or behind one: not taken")
        case .notAFile(let name): add("\(Self.shown(name)) is not a file: not taken")
        case .unreadable(let name): add("\(Self.shown(name)) cannot be read: not taken")
        case .tooLarge(let name, let size):
            let room = SpokenSize.words(Int64(left))
            add(
                "\(Self.shown(name)) has \(SpokenSize.words(Int64(size))), and there is room for \(room): not taken"
            )
        case .tooMany: add("there are more than \(StoredArtifacts.most) files: the rest is not taken")
        }
    }

    static func shown(_ name: String) -> String { HostileText.printable(name, limit: 120) }
}
