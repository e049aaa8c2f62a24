import Glibc

/// The user who has started this program.
enum CurrentUser {
    /// The name of the user who called sudo(8), otherwise of this process's user.
    static var name: String? {
        if getuid() == 0, let name = getenv("SUDO_USER") { return String(cString: name) }
        return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
    }
}
