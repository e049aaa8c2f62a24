import Foundation

/// What `allocate` has answered.
struct SlurmAnswer: Decodable {
    var address: String
    var port: Int
    var user: String
    var hostKeys: [String]
    var until: String
    var data: String

    private enum CodingKeys: String, CodingKey {
        case address, port, user, until, data
        case hostKeys = "host_keys"
    }

    init(_ text: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(text.utf8)) }

    /// The node's name.
    var node: String? { data.split(separator: " ").last.map(String.init) }
    /// The number of the batch job.
    var job: String? { data.split(separator: " ").dropFirst(2).first.map(String.init) }
}
