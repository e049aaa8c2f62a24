import AuthorizedKeys
import BuildAPI
import Glibc
import Policy

/// One of the places that a person has at this gateway: a file that is locked (flock(2)) while the process lives, so
/// that even a killed process leaves its place.
final class CommandSlot {
    /// The longest part of a file's name that names the person. A name has at most 255 bytes.
    private static let longestName = 200

    private let path: String
    private let descriptor: CInt

    private init(path: String, descriptor: CInt) {
        (self.path, self.descriptor) = (path, descriptor)
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// Sessions of attached machines are counted apart, and there are more of them: each of a person's machines has one, and
    /// one for everyone inside. So are the streams and logs of machines that are nobody's by their keys.
    private static let attachingFactor = 16

    /// Takes the first free place of `limit`. Nil: this gateway counts no commands, and its log says so.
    ///
    /// - Parameter sessions: a folder that belongs to the account. The places of all people are in a folder of it.
    static func take(
        of person: Person, for use: KeyUse = .everything, limit: Int, in sessions: String, _ journal: Journal
    ) throws(Refusal) -> CommandSlot? {
        let isAttaching = use == .attaching
        return try take(
            of: person, limit: isAttaching ? limit * attachingFactor : limit,
            CountingFolder(isAttaching ? "@attaching" : "@commands", in: sessions), journal)
    }

    /// The same for machines that are nobody's by their keys: those from one IPv4 address, or one IPv6 /64, count as one person.
    ///
    /// The machines themselves have `limit` places, because any stranger can have a process that waits for a greeting. Their
    /// streams and logs have others, and more: those last only while a machine expects them.
    static func take(
        at address: String, isPart: Bool, limit: Int, in sessions: String, _ journal: Journal
    ) throws(Refusal) -> CommandSlot? {
        let somebody = Person(id: Strangers.block(of: address, journal), name: address)
        return try take(
            of: somebody, limit: isPart ? limit * attachingFactor : limit,
            CountingFolder(isPart ? "@streams" : "@pairing", in: sessions), journal)
    }

    private static func take(
        of person: Person, limit: Int, _ folder: CountingFolder, _ journal: Journal
    ) throws(Refusal) -> CommandSlot? {
        do throws(CountingFolder.Failure) {
            for place in 0..<limit {
                if let slot = try lock("\(name(of: person)).\(place)", in: folder) { return slot }
            }
        } catch {
            switch error {
            case .full(let cause): throw .noRoomForCommand(cause, of: person)
            case .absent(let cause):
                journal.warn("commands are not counted: \(cause)")
                return nil
            }
        }
        throw .tooManyCommands(limit, of: person)
    }

    /// Nil: another process has it.
    private static func lock(
        _ name: String, in folder: CountingFolder
    ) throws(CountingFolder.Failure) -> CommandSlot? {
        let path = "\(folder.path)/\(name)"
        while true {
            let file = try folder.open(name)
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno
                close(file)
                guard code == EWOULDBLOCK else { throw CountingFolder.failure(path, code) }
                return nil
            }
            var status = stat()
            // The process that had the file has just removed it.
            guard fstat(file, &status) == 0, status.st_nlink > 0 else {
                close(file)
                continue
            }
            return CommandSlot(path: path, descriptor: file)
        }
    }

    /// The person in a file's name. Two people never have the same: no encoded id contains an @.
    private static func name(of person: Person) -> String {
        let encoded = person.id.percentEncoded
        guard encoded.utf8.count > longestName else { return encoded }
        return "@\(SHA256.digest(of: Array(person.id.utf8)).hexadecimal)"
    }
}
