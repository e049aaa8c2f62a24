import Glibc
import Hosts

/// The user to whom the state folder belongs: the runner's.
enum OwnerOfState {
    /// Becomes that user, if root runs this: the files that it makes there have to be the runner's.
    static func become(_ folder: String) throws(AllocatorEnd) {
        var status = stat()
        guard getuid() == 0, stat(folder, &status) == 0, status.st_uid != 0 else { return }
        guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            throw AllocatorEnd(
                71, "the user of \(folder) could not be assumed: \(String(cString: strerror(errno)))")
        }
    }
}
