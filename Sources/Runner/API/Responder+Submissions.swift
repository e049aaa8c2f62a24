import BuildAPI
import ConfigurationFile
import HTTPTypes
import Hummingbird

/// New jobs: a manifest, or an archive of the source with a manifest in it.
extension Responder {
    func submit(_ request: Request, _ query: Query) async throws(RunnerError) -> Response {
        let type = request.headers[.contentType]
        let isSource = Self.isArchive(type)
        guard isSource || Self.isYAML(type) else {
            throw RunnerError(
                .unsupportedMediaType,
                "A manifest must be application/yaml, a source application/x-tar or application/gzip.")
        }
        guard let name = query["owner"] else { throw RunnerError(.malformedRequest, "The owner is missing.") }
        guard let account = try await people.account(name) else {
            throw RunnerError(.unprocessable(line: nil, key: "owner"), "There is no person with this name.")
        }
        try refuseSuspended(account)
        try await store.checkKey(query["key"], isOf: account.person)
        if let note = query["note"], note.utf8.count > 1024 {
            throw RunnerError(.malformedRequest, "A note can have at most 1024 bytes.")
        }
        let visibility = try query["visibility"].map { word throws(RunnerError) in
            guard let visibility = Job.Visibility(rawValue: word) else {
                throw RunnerError(.malformedRequest, "The visibility must be public, unlisted or private.")
            }
            return visibility
        }
        let keep = try query["keep"].map { word throws(RunnerError) in
            guard let rule = KeepRule(rawValue: word) else {
                throw RunnerError(.malformedRequest, "The parameter keep must be never, failure or always.")
            }
            return rule
        }
        try await directory.countSubmission(of: account.person)
        let job =
            if isSource {
                try await submitSource(
                    request, manifest: query["manifest"] ?? SourceArchive.usualManifest,
                    owner: account.person, note: query["note"], visibility: visibility ?? .unlisted,
                    keep: keep)
            } else {
                try await directory.submit(
                    try await manifest(
                        body(request, limit: Manifest.maximumSize), of: account.person, keep: keep),
                    owner: account.person, note: query["note"], visibility: visibility ?? .unlisted)
            }
        return try json(job, .created)
    }

    private func submitSource(
        _ request: Request, manifest name: String, owner: Person, note: String?, visibility: Job.Visibility,
        keep: KeepRule?
    ) async throws(RunnerError) -> Job {
        try await directory.beginArrival(of: owner)
        let result: Result<Job, RunnerError>
        do {
            result = .success(
                try await receiveSource(
                    request, manifest: name, owner: owner, note: note, visibility: visibility, keep: keep))
        } catch {
            result = .failure(error)
        }
        await directory.endArrival(of: owner)
        return try result.get()
    }

    private func receiveSource(
        _ request: Request, manifest name: String, owner: Person, note: String?, visibility: Job.Visibility,
        keep: KeepRule?
    ) async throws(RunnerError) -> Job {
        let settings = directory.settings
        var source = try IncomingSource(in: settings.stateFolder, limit: settings.limits.source)
        do {
            for try await buffer in request.body { try source.append(buffer) }
        } catch let error as RunnerError {
            throw error
        } catch {
            throw RunnerError(.malformedRequest, "The body is incomplete.")
        }
        let archive = source.archive
        let text = try await archives.take(of: owner.id) { () throws(RunnerError) in
            try await apart(on: .archiveReaders) {
                try archive.sync()
                return try archive.manifest(named: name)
            }
        }
        return try await directory.submit(
            try await manifest(text, of: owner, keep: keep), source: source, owner: owner, note: note,
            visibility: visibility)
    }

    /// - Parameter keep: instead of what the manifest says.
    private func manifest(
        _ text: [UInt8], of owner: Person, keep: KeepRule?
    ) async throws(RunnerError) -> Manifest {
        let longest = directory.settings.times.maxTimeout
        var manifest = try await manifests.take(of: owner.id) { () throws(RunnerError) in
            try await apart(on: .manifestReaders) { [pools = directory.context.pools] in
                try ManifestReader.read(text, pools: ManifestPools(pools), longestTimeout: longest)
            }
        }
        if let keep { manifest.keep = keep }
        return manifest
    }

    static func isYAML(_ type: String?) -> Bool {
        ["application/yaml", "application/x-yaml", "text/yaml"].contains(type.map(MediaType.essence))
    }

    static func isArchive(_ type: String?) -> Bool {
        ["application/x-tar", "application/gzip", "application/x-gzip"].contains(type.map(MediaType.essence))
    }
}
