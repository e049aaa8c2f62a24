/// Numbers of SSH's messages (RFC 4250 section 4.1.2).
enum Message {
    static let disconnect: UInt8 = 1, ignore: UInt8 = 2, debug: UInt8 = 4
    static let serviceRequest: UInt8 = 5, serviceAccept: UInt8 = 6
    static let kexInit: UInt8 = 20, newKeys: UInt8 = 21, kexECDHInit: UInt8 = 30, kexECDHReply: UInt8 = 31
    static let userAuthRequest: UInt8 = 50, userAuthFailure: UInt8 = 51, userAuthSuccess: UInt8 = 52
    static let globalRequest: UInt8 = 80, requestSuccess: UInt8 = 81, requestFailure: UInt8 = 82
    static let channelOpen: UInt8 = 90, channelOpenConfirmation: UInt8 = 91, channelOpenFailure: UInt8 = 92
    static let channelWindowAdjust: UInt8 = 93, channelData: UInt8 = 94, channelExtendedData: UInt8 = 95
    static let channelEOF: UInt8 = 96, channelClose: UInt8 = 97, channelRequest: UInt8 = 98
    static let channelSuccess: UInt8 = 99, channelFailure: UInt8 = 100
}

/// The types of RFC 4251 section 5, written.
extension [UInt8] {
    static func message(_ number: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        [number] + parts.flatMap { $0 }
    }

    static func byte(_ value: UInt8) -> [UInt8] { [value] }
    static func boolean(_ value: Bool) -> [UInt8] { [value ? 1 : 0] }

    static func uint32(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func string(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return uint32(bytes.count) + bytes
    }

    static func string(_ text: String) -> [UInt8] {
        string(text.utf8)
    }

    /// - Parameter bytes: a number that is not negative, the highest byte first.
    static func mpint(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return string((digits.first ?? 0) >= 0x80 ? [0] + digits : digits)
    }
}

/// The same types, read from what a client has sent. What is not there is empty, or zero.
struct WireReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        rest = Array(bytes)[...]
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func byte() -> UInt8 { bytes(1).first ?? 0 }
    mutating func uint32() -> Int { bytes(4).reduce(0) { $0 << 8 | Int($1) } }
    mutating func string() -> [UInt8] { bytes(uint32()) }
    mutating func text() -> String { String(decoding: string(), as: UTF8.self) }
}
