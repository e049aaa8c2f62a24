package import CounterFile

/// What a look-up of a key has come to, with admission `known`. sshd asks for each key that is offered, and again for the signature.
package enum LookupResult: Int, CaseIterable {
    case known
    case unknown
    /// The service did not answer, and its last answer counts.
    case stale
    /// Nobody knows whose key it is, so sshd refuses it.
    case failed

    /// Where they are counted.
    ///
    /// - Parameter folder: the key cache.
    package static func file(in folder: String) -> CounterFile<LookupResult> {
        CounterFile(".lookups", in: folder)
    }
}
