import Glibc

/// Names of users, for sentences.
enum UserNames {
    /// The number itself if nobody has it.
    static func name(of user: uid_t) -> String {
        guard let entry = getpwuid(user) else { return "the user \(user)" }
        return String(cString: entry.pointee.pw_name)
    }
}
