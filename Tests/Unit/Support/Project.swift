public import Foundation

/// Where the project is: tests read its documents and fixtures.
public enum Project {
    public static let root = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL

    /// - Parameter path: from the project's root.
    public static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
