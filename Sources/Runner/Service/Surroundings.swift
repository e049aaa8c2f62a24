import Glibc

/// What this process takes over from whoever has started it, made the same everywhere.
package enum Surroundings {
    package static func settle() {
        // Other users must not see what jobs contain, or who was inside.
        umask(0o027)
        // The programs that we start need a folder that our user can enter.
        chdir("/")
        raiseDescriptorLimit()
    }

    /// With two descriptors per follower of a log, there are soon more than 1024, the usual limit because of select(2).
    package static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 16)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
