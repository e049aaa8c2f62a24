/// Media types, as Content-Type has them (RFC 9110, section 8.3.1).
package enum MediaType {
    package static let json = "application/json"
    package static let problem = "application/problem+json"
    package static let bytes = "application/octet-stream"
    package static let tar = "application/x-tar"
    package static let events = "text/event-stream"

    /// Type and subtype, in lower case, without parameters.
    package static func essence(_ header: String) -> String {
        (header.split(separator: ";", omittingEmptySubsequences: false).first ?? "").lowercased()
            .filter { $0 != " " && $0 != "\t" }
    }
}
