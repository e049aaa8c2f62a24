/// An end of a verb that is not a success.
package struct AllocatorEnd: Error, Equatable {
    /// See ``AllocatorWire/Status``.
    package var status: Int32
    /// The last line of standard error.
    package var reason: String

    package init(_ status: Int32 = 1, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}
