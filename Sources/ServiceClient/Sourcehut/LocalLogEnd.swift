import Glibc
import ServiceClient

/// The end of a log on disk.
enum LocalLogEnd {
    private static let pieceSize = 64 << 10

    /// - Parameter file: a descriptor, borrowed.
    static func lastLines(_ count: Int, of file: CInt) -> LastLines {
        var status = stat()
        guard fstat(file, &status) == 0 else { return .none }
        let end = Int(status.st_size)
        var size = LastLines.guess(for: count)
        while true {
            let first = max(0, end - size)
            if let found = scan(count, of: file, first..<end).result(from: first) { return found }
            // At the latest with the whole of it there is a result.
            size *= 4
        }
    }

    private static func scan(_ count: Int, of file: CInt, _ range: Range<Int>) -> LastLinesScan {
        var scan = LastLinesScan(count)
        var offset = range.lowerBound
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 1)
        defer { buffer.deallocate() }
        while offset < range.upperBound {
            let read = pread(
                file, buffer.baseAddress, min(buffer.count, range.upperBound - offset), off_t(offset))
            guard read > 0 else { break }
            scan.read(UnsafeRawBufferPointer(rebasing: buffer[..<read]))
            offset += read
        }
        return scan
    }
}
