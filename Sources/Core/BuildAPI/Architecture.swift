/// The processor architecture of builders: one word for all the names that people have for it.
///
/// Which ones there are is for pools to say: any word of letters, digits, `_` and `-` can be one.
public struct Architecture: Hashable, Sendable, CustomStringConvertible {
    /// `x86_64`
    public let description: String

    /// `x86_64`, which Debian calls amd64.
    public static let amd64 = Architecture(known: "x86_64")
    /// `arm64`, which uname(1) calls aarch64.
    public static let arm64 = Architecture(known: "arm64")

    /// This host's, for which the program was made.
    public static var host: Architecture {
        #if arch(arm64)
            arm64
        #else
            amd64
        #endif
    }

    /// Other names of some: those of Debian, of uname(1) and of Go.
    private static let aliases = [
        "amd64": "x86_64", "x86-64": "x86_64", "x64": "x86_64", "aarch64": "arm64", "armv7l": "armhf",
        "i486": "i386", "i586": "i386", "i686": "i386", "ppc64le": "ppc64el",
    ]

    /// Nil: it is not 1 to 32 letters, digits, `_` and `-`, beginning with a letter.
    public init?(_ text: some StringProtocol) {
        let word = text.lowercased()
        guard (1...32).contains(word.utf8.count), let first = word.utf8.first, Self.isLetter(first),
            word.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        description = Self.aliases[word] ?? word
    }

    /// All names of it: ``description``, then the others, sorted.
    public var names: [String] {
        [description] + Self.aliases.filter { $0.value == description }.keys.sorted()
    }

    private init(known word: String) {
        description = word
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}

extension Architecture: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let architecture = Architecture(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a processor architecture")
        }
        self = architecture
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension [Architecture] {
    /// `x86_64, arm64`; empty if nobody says.
    public var spoken: String { map(\.description).joined(separator: ", ") }
}
