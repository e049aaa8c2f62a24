import BuildAPI
import Glibc

/// One of the places that a person has at this gateway: a file that is locked (flock(2)) while the process lives, so
/// that even a killed process leaves its place.
final class CommandSlot {
    enum Failure: Error {
        /// All of the person's places are taken.
        case noneFree
        /// Nobody can be counted, for this reason.
        case uncounted(String)
    }

    private let path: String
    private let descriptor: CInt

    /// Takes the first free place of `limit`.
    ///
    /// - Parameter folder: belongs to the account. The places of all people are in a folder of it.
    init(of person: Person, limit: Int, in folder: String) throws(Failure) {
        let places = "\(folder)/@commands"
        for place in 0..<limit {
            let path = "\(places)/\(person.id.percentEncoded).\(place)"
            while true {
                let file = try Self.open(path, in: places)
                guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                    let code = errno
                    close(file)
                    guard code == EWOULDBLOCK else { throw Self.uncounted(path, code) }
                    break
                }
                var status = stat()
                // Whoever had it has just removed it.
                guard fstat(file, &status) == 0, status.st_nlink > 0 else {
                    close(file)
                    continue
                }
                (self.path, descriptor) = (path, file)
                return
            }
        }
        throw .noneFree
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    private static func open(_ path: String, in places: String) throws(Failure) -> CInt {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        var file = Glibc.open(path, flags, 0o600)
        if file < 0, errno == ENOENT, mkdir(places, 0o700) == 0 || errno == EEXIST {
            file = Glibc.open(path, flags, 0o600)
        }
        guard file >= 0 else { throw uncounted(path, errno) }
        return file
    }

    private static func uncounted(_ path: String, _ code: CInt) -> Failure {
        .uncounted("\(path): \(String(cString: strerror(code)))")
    }
}
