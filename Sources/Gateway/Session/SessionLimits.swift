import CLimits
import Glibc

/// The net below everything that a session does by itself: whatever a library does with a builder's bytes, only this
/// process ends, and never as a success.
public enum SessionLimits {
    /// A session needs 4 MB; one that a hostile builder fills has 17 to 21 MB in use.
    static let memory = 128 << 20
    /// Of curl's resolver and the like. All of it counts as memory.
    static let stack = 256 << 10
    /// For how many seconds a session can compute without looking at its descriptors.
    static let computing: CInt = 5

    static let sentence =
        "sallyport: This session kept the processor busy for \(computing) seconds without making progress and has been "
        + "ended. "
        + "Run the same command again. If that happens again, please tell the administrator.\n"

    /// Applies from now on, for the life of the process. Call this before any library starts a thread.
    public static func apply() {
        // A handler's text must stay where it is.
        guard let text = strdup(sentence) else { _exit(ExitStatus.tryAgain.code) }
        guard sp_limit_memory(memory, stack) == 0,
            sp_end_if_not_turning(computing, ExitStatus.tryAgain.code, text, strlen(text)) == 0
        else {
            perror("sallyport: The session's limits cannot be set")
            _exit(ExitStatus.misconfigured.code)
        }
    }
}
