import Connections
import Glibc

/// The IP address of a host, by which the runner and its gateways reach it.
enum NodeAddress {
    /// - Parameter host: an address, or a name that this host knows.
    static func resolve(_ host: String) throws(SlurmFault) -> String {
        if AddressBlock(host, bytesOfIPv4: 4) != nil { return host }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // Builders listen there.
        hints.ai_family = AF_INET
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &found)
        guard code == 0, let found else {
            throw SlurmFault(
                "the node's name \(host) is unknown here: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = getnameinfo(
            found.pointee.ai_addr, found.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
            NI_NUMERICHOST)
        guard result == 0 else { throw SlurmFault("\(host): \(String(cString: gai_strerror(result)))") }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
