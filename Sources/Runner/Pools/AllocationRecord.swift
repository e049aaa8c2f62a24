import FoundationEssentials
import Provider

/// What the database has of an allocation, from before its provider hears of it until the provider has released it.
struct AllocationRecord: Equatable, Sendable {
    var allocation: Allocation
    /// Since when nobody needs it; nil: its job does.
    var unneededSince: Date?
    /// Whether someone was inside by then.
    var entered = false
    /// `<type> <base64>` of the key with which its machine can dial a gateway; nil: it cannot.
    var attachKey: String?
}
