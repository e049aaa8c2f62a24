import BuildAPI
import EventLoop
import Glibc
import ServiceClient

/// Follows a file `log` from an offset until its job has ended and everything has been read.
///
/// If the file shrinks, or another one replaces it, it is read again from its beginning.
final class LocalLogStream: ServiceStream {
    private static let pieceSize = 64 << 10

    private let log: String
    private let folder: String
    private let news: JobNews
    private let changes: FolderChanges
    private let loop: EventLoop
    private let receive: (UnsafeRawBufferPointer) -> Bool
    private let ended: (Result<Void, ServiceError>) -> Void
    private var subscription: JobNews.Subscription?
    private var watch: FolderWatch?
    private var file: CInt = -1
    /// Where the next byte is.
    private var offset: off_t
    private var next: Timer?
    private var isPaused = false
    private var isDone = false

    /// - Parameter folder: the folder of the file, which may not exist yet.
    init(
        _ log: String, in folder: String, of news: JobNews, _ changes: FolderChanges, on loop: EventLoop,
        from offset: Int, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.log = log
        self.folder = folder
        self.news = news
        self.changes = changes
        self.loop = loop
        self.offset = off_t(offset)
        self.receive = receive
        self.ended = ended
        subscription = news.observe { [weak self] in self?.readSoon() }
        readSoon()
    }

    deinit {
        cancel()
    }

    func cancel() {
        isDone = true
        subscription = nil
        watch = nil
        next?.cancel()
        if file >= 0 { close(file) }
        file = -1
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        readSoon()
    }

    private func readSoon() {
        guard !isDone, !isPaused, next == nil else { return }
        next = loop.timer(after: .zero) { [weak self] in
            self?.next = nil
            self?.readPiece()
        }
    }

    /// Reads one piece in each turn of the loop, so that other handlers get their turn.
    private func readPiece() {
        // Start this before reading the file, so that no later change is missed.
        if watch == nil || watch?.isBroken == true {
            watch = changes.watch(folder) { [weak self] in self?.readSoon() }
        }
        let isOver = news.isOver(log)
        do throws(ServiceError) {
            guard try openIfNeeded() else {
                // A log that was never written ends with its job.
                if isOver { finish(.success(())) }
                return
            }
            let count = try takePiece()
            if count > 0 || (count == 0 && beginsAnew()) {
                readSoon()
            } else if count == 0, isOver {
                finish(.success(()))
            }
        } catch {
            finish(.failure(error))
        }
    }

    /// False: there is no such file (yet).
    private func openIfNeeded() throws(ServiceError) -> Bool {
        guard file < 0 else { return true }
        guard let opened = try Self.open(folder).get() else { return false }
        file = opened
        return true
    }

    /// The file `log` in a folder; nil: there is no such file (yet).
    ///
    /// - Returns: a descriptor, to be closed.
    static func open(_ folder: String) -> Result<CInt?, ServiceError> {
        let opened = Glibc.open("\(folder)/log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard opened >= 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .success(nil) : .failure(failure(in: folder))
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            return .failure(ServiceError(.gatewayFault, detail: "\(folder)/log is not a file"))
        }
        return .success(opened)
    }

    /// How many bytes were received; -1: not now.
    private func takePiece() throws(ServiceError) -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 1)
        defer { buffer.deallocate() }
        let count = pread(file, buffer.baseAddress, buffer.count, offset)
        guard count >= 0 else { throw Self.failure(in: folder) }
        guard count > 0 else { return 0 }
        guard receive(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
            isPaused = true
            return -1
        }
        offset += off_t(count)
        return isDone ? -1 : count
    }

    /// At the end of the file: whether it was truncated or replaced.
    private func beginsAnew() -> Bool {
        var ours = stat()
        var theirs = stat()
        guard fstat(file, &ours) == 0 else { return false }
        if ours.st_size < offset {
            offset = 0
            return true
        }
        guard lstat("\(folder)/log", &theirs) == 0,
            theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev
        else { return false }
        close(file)
        file = -1
        offset = 0
        return true
    }

    private static func failure(in folder: String) -> ServiceError {
        ServiceError(.gatewayFault, detail: "\(folder)/log: \(String(cString: strerror(errno)))")
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        cancel()
        ended(result)
    }
}
