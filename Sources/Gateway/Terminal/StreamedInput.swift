import CLinux
import EventLoop
import Glibc
import Policy
import ServiceClient

/// Standard input, of which never more than one piece is in memory. Its end is passed on only if the person who sends it
/// still has their rights.
final class StreamedInput: ByteSource {
    var onMore: () -> Void = {}
    private let descriptor: CInt
    private var watch: Watch?
    private let keeper: PermitKeeper
    private var end = End.ahead

    private enum End { case ahead, reached, confirmed }

    /// - Parameter principal: who sends it. Without their rights, the session ends.
    init(from principal: Principal, in context: SessionContext) {
        descriptor = context.client.input
        keeper = PermitKeeper(principal, in: context) { [context] in context.refuse($0) }
        watch = context.loop.watch(descriptor, for: []) { [unowned self] _ in
            watch?.events = []
            onMore()
        }
    }

    deinit {
        watch?.cancel()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        switch end {
        case .ahead: break
        case .reached: return nil
        case .confirmed: return 0
        }
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, 0) != 0 else { return wait() }
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return wait() }
        guard count <= 0 else { return count }
        end = .reached
        keeper.confirm { [weak self] in
            self?.end = .confirmed
            self?.onMore()
        }
        return nil
    }

    private func wait() -> Int? {
        watch?.events = .readable
        return nil
    }
}
