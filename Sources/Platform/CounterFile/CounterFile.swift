import CLinux
import Glibc

/// A file in which short-lived processes count events, for `sallyport metrics`. It never makes anybody fail, or wait for
/// longer than a few milliseconds: where it cannot be written, or somebody else keeps it locked, nothing is counted.
///
/// The file has one 64-bit number, in this machine's byte order, for each kind of event.
public struct CounterFile<Event: CaseIterable & RawRepresentable<Int>> {
    private let path: String

    /// - Parameters:
    ///   - name: of the file.
    ///   - folder: one that belongs to those who count.
    public init(_ name: String, in folder: String) {
        path = "\(folder)/\(name)"
    }

    public func count(_ event: Event) {
        // Root only tries things by hand, and would make a file that nobody else can write to.
        guard geteuid() != 0 else { return }
        add(event)
    }

    /// Returns whether it was counted.
    @discardableResult
    func add(_ event: Event) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return sp_count_in_file(descriptor, event.rawValue) == 0
    }

    /// How many there have been of each kind; none if there is no file yet. Nil: the file cannot be read.
    public var counts: [(event: Event, count: UInt64)]? {
        var numbers = [UInt64](repeating: 0, count: Event.allCases.count)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor >= 0 {
            defer { close(descriptor) }
            let count = numbers.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
            guard count >= 0 else { return nil }
        } else if errno != ENOENT {
            return nil
        }
        return Event.allCases.map { ($0, numbers[$0.rawValue]) }
    }
}
