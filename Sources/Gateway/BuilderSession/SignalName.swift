import Glibc

/// The signals that SSH can name (RFC 4254 section 6.10), and some more of Linux's.
enum SignalName {
    /// Nil: unknown. OpenSSH's sshd says `SIG@openssh.com` of every signal that the RFC has no name for, such as SIGBUS.
    static func number(_ name: String) -> CInt? { numbers[name] }

    private static let numbers: [String: CInt] = [
        "ABRT": SIGABRT, "ALRM": SIGALRM, "BUS": SIGBUS, "FPE": SIGFPE, "HUP": SIGHUP, "ILL": SIGILL,
        "INT": SIGINT,
        "KILL": SIGKILL, "PIPE": SIGPIPE, "QUIT": SIGQUIT, "SEGV": SIGSEGV, "SYS": SIGSYS, "TERM": SIGTERM,
        "TRAP": SIGTRAP, "USR1": SIGUSR1, "USR2": SIGUSR2, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ,
    ]
}
