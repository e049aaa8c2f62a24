/// Bytes that come over time, such as standard input, on their way into a request.
public protocol ByteSource: AnyObject {
    /// Reads some of the bytes that are there.
    ///
    /// - Returns: how many; 0 at the end; nil if there are none now, and then `onMore` is called once when there are.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int?
    var onMore: () -> Void { get set }
}
