import CLinux
import Glibc

/// Signals as events of the loop (signalfd(2)).
///
/// The signals are blocked for the whole process, before any library starts a thread, so that none interrupts
/// anything.
public final class Signals {
    private let descriptor: CInt
    private var watch: Watch?

    /// - Parameter numbers: such as SIGHUP.
    public init(_ numbers: [CInt], on loop: EventLoop, _ handler: @escaping (CInt) -> Void) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK))
        precondition(descriptor >= 0, "signalfd: \(errno)")
        watch = loop.watch(descriptor, for: .readable) { [descriptor] _ in
            var information = signalfd_siginfo()
            while read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size)
                == MemoryLayout<signalfd_siginfo>.size
            {
                handler(CInt(information.ssi_signo))
            }
        }
    }

    deinit {
        watch?.cancel()
        close(descriptor)
    }
}
