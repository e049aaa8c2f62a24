import Foundation

/// A page of docs/attach, and the lines of it that people paste.
public struct AttachPage: Sendable {
    public let name: String
    private let text: String

    public init(_ name: String) throws {
        self.name = name
        text = try Project.text(of: "docs/attach/\(name).md")
    }

    /// The blocks in that language, whole.
    public func blocks(_ language: String) -> [String] {
        var blocks: [String] = []
        var isWanted = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isWanted = line == "```\(language)"
                if isWanted { blocks.append("") }
            } else if isWanted {
                blocks[blocks.count - 1] += line + "\n"
            }
        }
        return blocks
    }

    /// What a shell reads of the page's blocks, in their order: a block of `sh` as it is; of YAML what is indented after a line
    /// that ends with `|`; of a Jenkinsfile and of Python the command, which is between `'''` or `"""`.
    public var steps: [String] {
        blocks("sh") + yamlSteps
            + blocks("groovy").flatMap { block in
                block.matches(of: #/sh '''\n([\s\S]*?)'''/#).map { Self.dedented(String($0.1)) }
            }
            + blocks("python").flatMap { block in
                block.matches(of: #/command="""\n([\s\S]*?)"""/#).map { Self.dedented(String($0.1)) }
            }
    }

    /// Those of the blocks of YAML.
    public var yamlSteps: [String] { blocks("yaml").flatMap(Self.literals) }

    /// The texts there after lines that end with `|`.
    public static func literals(in yaml: String) -> [String] {
        var steps: [String] = []
        var indentation: Int?
        for line in yaml.split(separator: "\n") {
            let own = line.prefix { $0 == " " }.count
            if let outer = indentation, own > outer {
                steps[steps.count - 1] += line + "\n"
            } else if line.hasSuffix(" |") {
                // The key begins after the dash.
                indentation = own
                steps.append("")
            } else {
                indentation = nil
            }
        }
        return steps.map(dedented)
    }

    private static func dedented(_ lines: String) -> String {
        let lines = lines.split(separator: "\n")
        let margin = lines.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(margin) + "\n" }.joined()
    }
}
