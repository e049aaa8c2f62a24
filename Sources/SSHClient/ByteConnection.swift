/// A connection to a builder's SSH server that carries the bytes of the person's own client.
public protocol ByteConnection: AnyObject {
    /// Connects.
    func start()
    /// Carries bytes both ways.
    ///
    /// - Parameters:
    ///   - input: a pipe, borrowed, as is `output`.
    ///   - carried: counts them.
    func carry(from input: CInt, to output: CInt, counting carried: CarriedBytes)
    /// Ends the connection at once; no event comes after it.
    func close()
}
