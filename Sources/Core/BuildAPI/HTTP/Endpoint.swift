/// Where a service listens.
public enum Endpoint: Equatable, Sendable {
    /// HTTP on a Unix socket.
    case socket(path: String)
    /// HTTP or HTTPS at a base URL, without a slash at its end.
    case url(String)

    /// `unix:/path`, `https://…` or `http://…`, as in sallyport.toml.
    public init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            self = .socket(path: String(text.dropFirst("unix:".count)))
        } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
            self = .url(text.hasSuffix("/") ? String(text.dropLast()) : text)
        } else {
            return nil
        }
    }

    /// Whether TLS stands before it.
    package var isSecure: Bool {
        if case .url(let base) = self { base.hasPrefix("https:") } else { false }
    }

    /// The URL of a path; for a socket, its host is never looked up.
    package func url(of path: String) -> String {
        switch self {
        case .socket: "http://localhost\(path)"
        case .url(let base): base + path
        }
    }
}
