import BuildAPI

/// Keys that operators and people add here, beside those of the source.
extension PeopleDirectory {
    /// Whether keys count that are added here.
    nonisolated var permitsLocalKeys: Bool { rules.permitsLocalKeys }

    /// Throws if keys cannot be added here.
    nonisolated func requireLocalKeys() throws(RunnerError) {
        guard !permitsLocalKeys else { return }
        let place = rules.keysAt.map { "Add it at \($0)" } ?? "Add it where your account is"
        throw RunnerError(
            .forbidden,
            "Keys are not added here. \(place): it counts here after at most \(Int(rules.fresh)) seconds.")
    }

    /// Throws if the key cannot be removed here, because the source would bring it back.
    nonisolated func requireLocalKey(_ fingerprint: String) async throws(RunnerError) {
        guard hasSource, try await store.origin(ofKey: fingerprint).isSourced else { return }
        let place = rules.keysAt.map { "at \($0)" } ?? "where your account is"
        throw RunnerError(.forbidden, "This key is not from here. Remove it \(place).")
    }
}
