/// The test bed's message after its start.
struct Opening: Codable, Sendable {
    /// The root-owned temporary folder.
    var folder: String
    var ports: [String: UInt16]
    /// The process that has the test bed's namespaces; its process id outside.
    var process: Int32
}

/// The helper's first line: a test bed, or why there is none.
enum Greeting: Codable, Sendable {
    case started(Opening)
    case failed(sentence: String, log: String)
}

/// A command to run as root inside the test bed: as the operator, or to look around.
struct Errand: Codable, Sendable {
    var number: Int
    var arguments: [String]
    var input: String
    /// Seconds.
    var deadline: Int
}

/// The result of a command.
struct Report: Codable, Sendable {
    var number: Int
    var status: Int32
    var late: Bool
    var output: [UInt8]
    var errors: [UInt8]
}
