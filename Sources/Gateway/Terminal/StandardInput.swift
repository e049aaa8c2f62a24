import EventLoop
import Glibc
import Policy

/// All of standard input, up to a limit. A person who loses their rights while it is being read has sent nothing.
final class StandardInput: RunningCommand {
    let context: SessionContext
    private let limit: Int
    private let complete: ([UInt8]?) -> Void
    private var bytes: [UInt8] = []
    private var watch: Watch?
    private var keeper: PermitKeeper?

    /// - Parameters:
    ///   - principal: who sends it.
    ///   - complete: nil: there were more bytes than the limit.
    init(
        limit: Int, from principal: Principal, in context: SessionContext,
        complete: @escaping ([UInt8]?) -> Void
    ) {
        self.context = context
        self.limit = limit
        self.complete = complete
        watch = context.loop.watch(context.client.input, for: .readable) { [unowned self] _ in read() }
        keeper = PermitKeeper(principal, in: context) { [unowned self] refusal in
            watch?.cancel()
            context.refuse(refusal)
        }
    }

    deinit {
        watch?.cancel()
    }

    private func read() {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(context.client.input, &piece, piece.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count > 0 { bytes += piece[..<count] }
        if count <= 0 || bytes.count > limit {
            watch?.cancel()
            keeper?.confirm { [unowned self] in complete(bytes.count > limit ? nil : bytes) }
        }
    }
}
