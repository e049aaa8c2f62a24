import Glibc

/// Waits for the service.
enum Pause {
    static func milliseconds(_ count: Int) {
        usleep(UInt32(count * 1000))
    }
}
