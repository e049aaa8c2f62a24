import Glibc

/// Time that passes for the service, not for us.
enum Pause {
    static func milliseconds(_ count: Int) {
        usleep(UInt32(count * 1000))
    }
}
