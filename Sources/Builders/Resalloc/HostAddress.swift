import AllocatorPrograms
import BuildAPI
import Connections
import HelperPrograms

/// Where a host is that resalloc has named.
enum HostAddress {
    /// How long the resolver has.
    private static let limit = Duration.seconds(30)

    /// Its address: its own, or the first one that the resolver of this machine finds.
    static func find(_ host: String) async throws(AllocatorFailure) -> String {
        if AddressBlock(host, bytesOfIPv4: 4) != nil { return host }
        guard HostName.isValid(host) else {
            throw AllocatorFailure(
                "resalloc has named \"\(host)\", which is neither an address nor a host's name")
        }
        let resolver = HelperProgram(
            words: ["getent", "ahosts", host], outputLimit: 1 << 16, limit: limit, endsWithUs: true)
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await resolver.run(reading: [])
        } catch {
            throw AllocatorFailure("\(host) has no address: \(error)")
        }
        guard let address = address(in: outcome.output) else {
            throw AllocatorFailure("\(host), which resalloc has named, has no address")
        }
        return address
    }

    /// - Parameter output: lines of getent(1), an address each. One that is only good on one link has a suffix.
    static func address(in output: [UInt8]) -> String? {
        String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
            .compactMap { $0.split(separator: " ").first.map(String.init) }
            .first { AddressBlock($0, bytesOfIPv4: 4) != nil }
    }
}
