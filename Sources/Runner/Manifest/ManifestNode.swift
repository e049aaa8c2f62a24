/// A value in a manifest, and where it begins.
struct ManifestNode {
    enum Content {
        case scalar(String)
        case sequence([ManifestNode])
        case mapping([Entry])
    }

    struct Entry {
        var key: ManifestNode
        var value: ManifestNode
    }

    var content: Content
    var place: TextPlace

    var scalar: String? {
        if case .scalar(let text) = content { text } else { nil }
    }

    var sequence: [ManifestNode]? {
        if case .sequence(let nodes) = content { nodes } else { nil }
    }

    /// In the manifest's order; a key can appear twice.
    var mapping: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// The words of YAML 1.1.
    var bool: Bool? {
        switch scalar?.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }
}
