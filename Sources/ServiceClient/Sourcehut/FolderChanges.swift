import BuildAPI
import CLinux
import EventLoop
import Glibc
import ServiceClient

/// Reports changes in folders as they happen (inotify(7)). One instance serves a whole process, from the first watch
/// on, because an account can have only about a hundred.
final class FolderChanges {
    private let loop: EventLoop
    private var descriptor: CInt = -1
    private var readable: Watch?
    private var watches: [CInt: [ObjectIdentifier: FolderWatch.Handle]] = [:]

    init(on loop: EventLoop) {
        self.loop = loop
    }

    deinit {
        readable?.cancel()
        if descriptor >= 0 { close(descriptor) }
    }

    /// Calls for each change in the folder while the result is kept. Nil: the folder does not exist, or cannot be
    /// watched because the account already has too many instances.
    func watch(_ folder: String, _ changed: @escaping () -> Void) -> FolderWatch? {
        open()
        let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)
        let number = inotify_add_watch(descriptor, folder, mask)
        guard number >= 0 else { return nil }
        let handle = FolderWatch.Handle(changed)
        watches[number, default: [:]][ObjectIdentifier(handle)] = handle
        return FolderWatch(handle) { [weak self] in self?.remove(handle, number) }
    }

    private func open() {
        guard descriptor < 0 else { return }
        descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
        guard descriptor >= 0 else { return }
        readable = loop.watch(descriptor, for: .readable) { [unowned self] _ in tell() }
    }

    private func remove(_ handle: FolderWatch.Handle, _ number: CInt) {
        guard watches[number]?.removeValue(forKey: ObjectIdentifier(handle)) != nil else { return }
        if watches[number]?.isEmpty == true {
            watches[number] = nil
            inotify_rm_watch(descriptor, number)
        }
    }

    private func tell() {
        var changed: [ObjectIdentifier: FolderWatch.Handle] = [:]
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { break }
            var offset = 0
            while offset + MemoryLayout<inotify_event>.size <= count {
                let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                offset += MemoryLayout<inotify_event>.size + Int(event.len)
                let isGone = event.mask & UInt32(IN_IGNORED) != 0
                let isOverflow = event.mask & UInt32(IN_Q_OVERFLOW) != 0
                for (number, handles) in watches where isOverflow || number == event.wd {
                    for handle in handles.values where isGone { handle.isBroken = true }
                    changed.merge(handles) { old, _ in old }
                }
                if isGone { watches[event.wd] = nil }
            }
        }
        for handle in changed.values { handle.changed?() }
    }
}

/// A watch on a folder.
final class FolderWatch {
    final class Handle {
        fileprivate(set) var changed: (() -> Void)?
        fileprivate(set) var isBroken = false

        fileprivate init(_ changed: @escaping () -> Void) {
            self.changed = changed
        }
    }

    private let handle: Handle
    private let cancel: () -> Void

    fileprivate init(_ handle: Handle, cancel: @escaping () -> Void) {
        self.handle = handle
        self.cancel = cancel
    }

    deinit {
        handle.changed = nil
        cancel()
    }

    /// The folder itself is gone, so there will be no more changes.
    var isBroken: Bool { handle.isBroken }
}
