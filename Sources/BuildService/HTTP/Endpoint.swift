/// Where a service listens.
public enum Endpoint: Equatable, Sendable {
    /// HTTP on a Unix socket.
    case socket(path: String)
    /// HTTP at a base URL, without a slash at its end.
    case url(String)

    /// `unix:/path` or `http://…`, as in sallyport.toml.
    public init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            self = .socket(path: String(text.dropFirst("unix:".count)))
        } else if text.hasPrefix("http://") {
            self = .url(text.hasSuffix("/") ? String(text.dropLast()) : text)
        } else {
            return nil
        }
    }

    /// The URL of a path; a socket's has a host that is never looked up.
    func url(of path: String) -> String {
        switch self {
        case .socket: "http://localhost\(path)"
        case .url(let base): base + path
        }
    }
}
