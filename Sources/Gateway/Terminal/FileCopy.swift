import EventLoop
import Glibc

/// Writes a file to standard output, piece by piece as it is read there, and ends the session.
final class FileCopy: RunningCommand {
    let context: SessionContext
    private let file: CInt

    private static let chunk = 128 << 10

    init(takingOwnershipOf file: CInt, in context: SessionContext) {
        self.file = file
        self.context = context
    }

    deinit {
        close(file)
    }

    func start() {
        context.output.onDrain = { [unowned self] in copy() }
        copy()
    }

    private func copy() {
        var piece = [UInt8](repeating: 0, count: Self.chunk)
        while !context.output.isFull {
            let count = read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return context.finish(count == 0 ? .success : .unknown) }
            piece[..<count].withUnsafeBytes { context.output.write($0) }
        }
    }
}
