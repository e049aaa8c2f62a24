/// How much of the internet a builder with an ``OutboundNetwork`` gets.
public struct OutboundLimits: Sendable, Hashable {
    /// IPv4 addresses, and networks such as `192.0.2.0/24`, that it cannot reach, in addition to those that nobody can.
    public var denied: [String]
    /// New connections per second. More wait: their first packets are lost, and TCP sends them again.
    public var connectionsPerSecond: Int
    /// Bytes, sent and received together. Nothing gets through after that, except by SSH.
    public var bytes: Int

    public init(denied: [String] = [], connectionsPerSecond: Int = 100, bytes: Int = 100 << 30) {
        self.denied = denied
        self.connectionsPerSecond = connectionsPerSecond
        self.bytes = bytes
    }

    /// A table of nft(8). HOST stands for the host's addresses, which can be public ones.
    ///
    /// Of the name server only port 53, because the host's name server is often on loopback. 168.63.129.16 is where
    /// Azure's machines get their certificates and settings from. Port 25 is for mail servers; programs hand mail in at 587.
    var rules: String {
        let rate = "\(connectionsPerSecond)/second burst \(connectionsPerSecond) packets"
        return """
            table inet builder {
                counter sent { }
                counter received { }
                counter connections { }
                counter deferred { }
                quota volume { over \(bytes) bytes }
                chain input {
                    type filter hook input priority filter; policy accept;
                    iifname tap0 tcp dport \(EmulatorCommand.port) drop
                    iifname tap0 quota name volume drop
                    iifname tap0 counter name received
                }
                chain output {
                    type filter hook output priority filter; policy drop;
                    oif lo tcp dport \(EmulatorCommand.port) accept comment "the way in"
                    oif lo tcp sport \(EmulatorCommand.port) accept comment "the way in"
                    oif lo icmp type destination-unreachable accept comment "what is refused is told"
                    ct state new limit rate over \(rate) counter name deferred drop
                    quota name volume reject
                    ip daddr 192.0.2.3 udp dport 53 counter name sent accept comment "names"
                    ip daddr 192.0.2.3 tcp dport 53 counter name sent accept
                    ip daddr { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12 } reject
                    ip daddr { 192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15 } reject
                    ip daddr { 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/3, 168.63.129.16 } reject
                    ip daddr { HOST } reject comment "the host itself"
            \(denied.map { "        ip daddr \($0) reject comment \"outbound_deny\"\n" }.joined())\
                    tcp dport 25 reject comment "mail"
                    meta nfproto ipv4 ct state new counter name connections
                    meta nfproto ipv4 counter name sent accept
                }
            }
            """
    }
}
