/// What a world says once it has started.
struct Opening: Codable, Sendable {
    /// The root-owned temporary folder.
    var folder: String
    var ports: [String: UInt16]
    /// The process whose namespaces are the world's, as its number is outside.
    var process: Int32
}

/// The first line of the helper: a world, or why there is none.
enum Greeting: Codable, Sendable {
    case started(Opening)
    case failed(sentence: String, log: String)
}

/// A command to run inside the world as root: as the operator, or to look around.
struct Errand: Codable, Sendable {
    var number: Int
    var arguments: [String]
    var input: String
    /// Seconds.
    var deadline: Int
}

/// How the errand went.
struct Report: Codable, Sendable {
    var number: Int
    var status: Int32
    var late: Bool
    var output: [UInt8]
    var errors: [UInt8]
}
