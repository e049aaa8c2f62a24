public import EventLoop

/// The client's side of a session.
public struct PumpStreams {
    /// Read without ever blocking; its end of file is passed on.
    public var input: CInt
    public var output: OutputSink
    public var errors: OutputSink
    /// Input that has been read already; it comes before the rest.
    public var typedAhead: [UInt8]
    /// Called with what the builder has sent before it is written: whether it may be. What it refuses is dropped.
    public var recorder: ((UnsafeRawBufferPointer) -> Bool)?
    /// Called with everything that passes; it must not wait.
    public var observer: ((PumpTraffic) -> Void)?

    public init(
        input: CInt, output: OutputSink, errors: OutputSink, typedAhead: [UInt8] = [],
        observer: ((PumpTraffic) -> Void)? = nil, recorder: ((UnsafeRawBufferPointer) -> Bool)? = nil
    ) {
        self.recorder = recorder
        self.input = input
        self.output = output
        self.errors = errors
        self.typedAhead = typedAhead
        self.observer = observer
    }
}

/// What passes between a client and a builder.
public enum PumpTraffic {
    /// So many bytes from the client.
    case input(Int)
    /// From the builder; already being written.
    case output(UnsafeRawBufferPointer)
}
