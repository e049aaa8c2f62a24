import BuildAPI
import FoundationEssentials
import Glibc
import Provider
import SystemPackage
import TaskChannel

/// Signs the host keys of attached machines, whose SSH servers show the certificates as other builders' do.
struct AttachedCertificates: Sendable {
    /// The state folder, with the authority in it.
    let folder: String
    /// By which people's own clients know the machine. Never empty.
    let names: [String]
    /// Seconds.
    let life: Int

    /// - Parameter hostKeys: each `<type> <base64>`.
    /// - Returns: in the same order, each `<type> <base64>`.
    func sign(_ hostKeys: [String], of job: JobID) async throws(RunnerError) -> [String] {
        // Two resumptions of one machine do not get into each other's way.
        let place = "\(folder)/attached-\(MachineAttachment.newID())"
        guard mkdir(place, 0o700) == 0 else { throw Self.failure(String(cString: strerror(errno))) }
        defer { try? FileManager.default.removeItem(atPath: place) }
        do {
            for (number, key) in hostKeys.enumerated() {
                try Data("\(key)\n".utf8).write(to: URL(filePath: "\(place)/\(number).pub"))
            }
            try await HostCertificate(
                authority: FilePath("\(folder)/host_authority"), identity: "job \(job)", names: names,
                life: life
            ).sign(hostKeys.indices.map { FilePath("\(place)/\($0).pub") })
            return try hostKeys.indices.map { number in
                let text = try String(contentsOfFile: "\(place)/\(number)-cert.pub", encoding: .utf8)
                let words = text.split(separator: " ")
                guard words.count >= 2 else { throw Self.failure("\(number)-cert.pub is damaged") }
                return "\(words[0]) \(words[1].prefix { !$0.isNewline })"
            }
        } catch let error as RunnerError {
            throw error
        } catch {
            throw Self.failure(String(reflecting: error))
        }
    }

    private static func failure(_ detail: String) -> RunnerError {
        RunnerError(.failure, "The machine's host keys cannot be certified.", detail: detail)
    }
}
