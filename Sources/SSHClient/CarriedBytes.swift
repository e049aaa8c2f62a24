/// How many bytes have passed between a client and a builder.
public final class CarriedBytes {
    public var toBuilder = 0
    public var toClient = 0

    public init() {}
}
