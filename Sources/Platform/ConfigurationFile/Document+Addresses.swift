import BuildAPI
import Glibc

/// Where services are.
extension Document {
    /// A service's URL, which has no default; empty when it is neither needed nor there.
    mutating func serviceURL(
        _ section: String, _ key: String, isNeeded: Bool
    ) throws(ConfigurationError) -> String {
        let url = try text(section, key)
        if url == nil, !isNeeded { return "" }
        guard let url, url.hasPrefix("unix:/") || Self.isServiceURL(url) else {
            throw error(
                section, key,
                "expected \"unix:/path\" of the service's socket, \"https://host\", or http on loopback")
        }
        return url
    }

    /// The gateway asks a proxy for a tunnel and speaks TLS in it; it sends nothing else through it.
    mutating func proxy(_ section: String, _ key: String) throws(ConfigurationError) -> String? {
        guard let proxy = try text(section, key) else { return nil }
        guard let (scheme, _, path) = Self.parts(of: proxy), scheme == "http", path.isEmpty || path == "/"
        else {
            throw error(section, key, "expected \"http://host:port\"")
        }
        guard try text("service", "url")?.hasPrefix("https://") == true else {
            throw error(section, key, "works only with a service at an https URL")
        }
        return proxy
    }

    /// `127.0.0.1:8443` or `[::1]:8443`: an address and not a name, so that it is clear who can connect.
    mutating func listeningAddress(
        _ section: String, _ key: String
    ) throws(ConfigurationError) -> (address: String, port: Int)? {
        guard let text = try text(section, key) else { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]),
            let address = Self.addressLiteral(text[..<colon])
        else {
            throw error(
                section, key, "expected \"address:port\", such as \"192.0.2.1:8443\" or \"[::]:8443\"")
        }
        return (address, port)
    }

    /// In lower case, as ssh compares them.
    mutating func hostNames(_ section: String, _ key: String) throws(ConfigurationError) -> [String]? {
        guard let names = try texts(section, key) else { return nil }
        for name in names where !HostName.isValid(name) {
            throw error(section, key, "expected host names, such as \"builds.example.org\"")
        }
        return names.map { $0.lowercased() }
    }

    /// IPv4 addresses and networks.
    mutating func networks(_ section: String, _ key: String) throws(ConfigurationError) -> [String]? {
        guard let networks = try texts(section, key) else { return nil }
        for network in networks where !Self.isNetwork(network) {
            throw error(
                section, key, "expected IPv4 addresses and networks, such as \"192.0.2.0/24\"")
        }
        return networks
    }

    private static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var address = in_addr()
        guard inet_pton(AF_INET, String(parts[0]), &address) == 1 else { return false }
        guard parts.count == 2 else { return true }
        let isNumber =
            (1...2).contains(parts[1].utf8.count) && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let length = Int(parts[1]), length <= 32 else { return false }
        return true
    }

    /// An https URL with exactly one `{name}`, in its path.
    static func isURLForNames(_ url: String) -> Bool {
        let pieces = url.split(separator: "{name}", omittingEmptySubsequences: false)
        guard pieces.count == 2, let (scheme, _, path) = parts(of: pieces.joined()), scheme == "https"
        else { return false }
        // What is before the name has the whole host in it.
        return !path.isEmpty && pieces[0].dropFirst("https://".count).contains("/")
    }

    private static func isServiceURL(_ url: String) -> Bool {
        guard let (scheme, host, _) = parts(of: url) else { return false }
        return scheme == "https" || scheme == "http" && ["127.0.0.1", "[::1]", "localhost"].contains(host)
    }

    /// Scheme, host and path of a plain URL. Nil: it is not one, or has a user, a query or a fragment, which have no
    /// meaning here and make it hard to see which host is meant.
    private static func parts(of url: String) -> (scheme: Substring, host: Substring, path: Substring)? {
        guard let colon = url.firstRange(of: "://"),
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !#"@?#\"<>^`{|}"#.utf8.contains($0) })
        else { return nil }
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var host = authority
        if let end = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            host = authority[..<end]
            guard port(authority[authority.index(after: end)...]) != nil else { return nil }
        }
        let isAddress = host.hasPrefix("[") && addressLiteral(host) != nil
        guard isAddress || !host.isEmpty && !host.contains(where: { ":[]".contains($0) }) else { return nil }
        return (url[..<colon.lowerBound], host, rest[authority.endIndex...])
    }

    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text).flatMap { (1...65535).contains($0) ? $0 : nil }
    }

    private static func addressLiteral(_ text: Substring) -> String? {
        var storage = in6_addr()
        if text.hasPrefix("["), text.hasSuffix("]") {
            let address = String(text.dropFirst().dropLast())
            return inet_pton(AF_INET6, address, &storage) == 1 ? address : nil
        }
        let address = String(text)
        return inet_pton(AF_INET, address, &storage) == 1 ? address : nil
    }
}
