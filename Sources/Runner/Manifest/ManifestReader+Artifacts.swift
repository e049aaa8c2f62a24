import BuildAPI
import Presentation

extension Manifest {
    /// Which files are kept of what the tasks leave behind.
    public struct Artifacts: Codable, Equatable, Sendable {
        /// When they are taken.
        public enum When: String, Codable, Sendable, CaseIterable { case success, always }

        /// Whether they can be read when somebody has entered the builder before its tasks had ended.
        public enum Entered: String, Codable, Sendable, CaseIterable { case withhold, give }

        /// Paths and patterns as sh has them, relative to the folder in which the tasks run.
        public var paths: [String] = []
        public var when = When.success
        /// Bytes of all of them; nil: as many as the runner keeps.
        public var size: Int?
        public var entered = Entered.withhold

        /// What the API shows.
        var shown: Job.Artifacts {
            Job.Artifacts(
                when: .init(rawValue: when.rawValue), evenIfEntered: entered == .give ? true : nil)
        }
    }

    static let maximumArtifactPaths = 100
}

extension ManifestReader {
    private static let artifactKeys = ["paths", "when", "size", "entered"]

    /// A list of paths, or a mapping with one.
    mutating func readArtifacts(_ node: ManifestNode) {
        guard artifactLimit > 0 else {
            return refuse(node.place, "artifacts", "this build service keeps no artifacts")
        }
        var artifacts = Manifest.Artifacts()
        if let paths = node.sequence {
            readPaths(paths, at: node, into: &artifacts, key: "artifacts")
        } else if let entries = node.mapping {
            for entry in unique(entries, below: "artifacts") { read(entry, into: &artifacts) }
            if !entries.contains(where: { $0.key.scalar == "paths" }) {
                refuse(node.place, "artifacts.paths", "missing; artifacts need a list of files")
            }
        } else {
            return refuse(node.place, "artifacts", "expected a list of files, such as \"- dist/*.tar.gz\"")
        }
        manifest.artifacts = artifacts
    }

    private mutating func read(_ entry: ManifestNode.Entry, into artifacts: inout Manifest.Artifacts) {
        let value = entry.value
        switch entry.key.scalar ?? "" {
        case "paths":
            guard let paths = value.sequence else {
                return refuse(
                    value.place, "artifacts.paths", "expected a list of files, such as \"- dist/*.tar.gz\"")
            }
            readPaths(paths, at: value, into: &artifacts, key: "artifacts.paths")
        case "when":
            guard let when = value.scalar.flatMap(Manifest.Artifacts.When.init) else {
                return refuse(value.place, "artifacts.when", "expected success or always")
            }
            artifacts.when = when
        case "size":
            guard let size = value.scalar.flatMap(Self.bytes), size <= artifactLimit else {
                let most = SpokenSize.words(Int64(artifactLimit))
                return refuse(
                    value.place, "artifacts.size",
                    "expected bytes, or a size such as 500K, 20M or 1G, of at most \(most)")
            }
            artifacts.size = size
        case "entered":
            guard let entered = value.scalar.flatMap(Manifest.Artifacts.Entered.init) else {
                return refuse(value.place, "artifacts.entered", "expected withhold or give")
            }
            artifacts.entered = entered
        case let key:
            let advice =
                NearestWord.find(key, among: Self.artifactKeys).map { "it looks like \"\($0)\"" }
                ?? "expected paths, when, size or entered"
            refuse(entry.key.place, "artifacts.\(key)", "unknown key; \(advice)")
        }
    }

    private mutating func readPaths(
        _ nodes: [ManifestNode], at node: ManifestNode, into artifacts: inout Manifest.Artifacts, key: String
    ) {
        guard (1...Manifest.maximumArtifactPaths).contains(nodes.count) else {
            return refuse(node.place, key, "expected 1 to \(Manifest.maximumArtifactPaths) files")
        }
        for node in nodes {
            guard let path = node.scalar.flatMap(Self.path) else {
                refuse(
                    node.place, key,
                    "expected a path such as dist/*.tar.gz, of at most \(ArtifactName.maximumLength) bytes, below the folder in which the tasks run: without \"/\" or \"~\" at its beginning, \"..\", and \"\\\""
                )
                continue
            }
            artifacts.paths.append(path)
        }
    }

    /// Without what changes nothing: `./` and a slash at the end. Nil: it is not below the folder.
    private static func path(_ text: String) -> String? {
        guard !text.hasPrefix("/"), !text.hasPrefix("~") else { return nil }
        let path = text.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return ArtifactName.isValid(path) ? path : nil
    }

    /// A number of bytes, or one with `K`, `M` or `G`.
    private static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard !digits.isEmpty, digits.utf8.count <= 10,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits)
        else { return nil }
        let (size, isTooLarge) = number.multipliedReportingOverflow(by: unit ?? 1)
        return size > 0 && !isTooLarge ? size : nil
    }
}
