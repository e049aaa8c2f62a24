package import CounterFile

/// What a look-up of a key has come to, with admission `known`. sshd asks for each key that is offered, and again for the signature.
package enum LookupResult: Int, CaseIterable {
    case known
    case unknown
    /// The service did not answer, and its last answer counts.
    case stale
    /// There was no answer, so sshd refuses the key.
    case failed
    /// The service could not tell whose key it is, because its source of people does not answer. Any stranger's key comes to this.
    case unidentified
    /// What was offered is no key or certificate that can be read.
    case unreadable

    /// Where they are counted.
    ///
    /// - Parameter folder: the key cache.
    package static func file(in folder: String) -> CounterFile<LookupResult> {
        CounterFile(".lookups", in: folder)
    }
}
