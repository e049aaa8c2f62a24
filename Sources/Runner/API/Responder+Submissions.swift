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
        var submission = try Submission(by: account, for: query["group"].map { Group(name: $0) })
        try await store.checkKey(query["key"], isOf: account.person)
        if let note = query["note"], note.utf8.count > 1024 {
            throw RunnerError(.malformedRequest, "A note can have at most 1024 bytes.")
        }
        submission.note = query["note"]
        if let word = query["visibility"] {
            guard let visibility = Job.Visibility(rawValue: word) else {
                throw RunnerError(.malformedRequest, "The visibility must be public, unlisted or private.")
            }
            submission.visibility = visibility
        }
        submission.keep = try query["keep"].map { word throws(RunnerError) in
            guard let rule = KeepRule(rawValue: word) else {
                throw RunnerError(.malformedRequest, "The parameter keep must be never, failure or always.")
            }
            return rule
        }
        submission.wish = try wish(query)
        try await directory.countSubmission(of: submission.owner)
        // Before it is read what the job is about, which can take long.
        try ManifestPools(directory.context.pools).check(submission.wish)
        let job =
            if isSource {
                try await submitSource(
                    request, manifest: query["manifest"] ?? SourceArchive.usualManifest, as: submission)
            } else {
                try await directory.submit(
                    try await manifest(body(request, limit: Manifest.maximumSize), as: submission),
                    as: submission)
            }
        return try json(job, .created)
    }

    /// A new job that is made of a finished one.
    func rerun(
        _ id: JobID, _ request: Request, _ query: Query, _ role: Role
    ) async throws(RunnerError) -> Response {
        let requester = try await namedRequester(query, role)
        let wish = try await decode(NewRerun.self, request)
        return try json(await directory.rerun(id, wish, by: requester), .created)
    }

    private func wish(_ query: Query) throws(RunnerError) -> PoolWish {
        var wish = PoolWish(pool: query["pool"])
        if let word = query["arch"] {
            guard let arch = Architecture(word) else {
                throw RunnerError(
                    .malformedRequest,
                    "The parameter arch must be a processor architecture, such as x86_64 or arm64.")
            }
            wish.arch = arch
        }
        return wish
    }

    private func submitSource(
        _ request: Request, manifest name: String, as submission: Submission
    ) async throws(RunnerError) -> Job {
        try await directory.beginArrival(of: submission)
        let result: Result<Job, RunnerError>
        do {
            result = .success(try await receiveSource(request, manifest: name, as: submission))
        } catch {
            result = .failure(error)
        }
        await directory.endArrival(of: submission)
        return try result.get()
    }

    private func receiveSource(
        _ request: Request, manifest name: String, as submission: Submission
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
        let text = try await archives.take(of: submission.submitter.id) { () throws(RunnerError) in
            try await apart(on: .archiveReaders) {
                try archive.sync()
                return try archive.manifest(named: name)
            }
        }
        return try await directory.submit(
            try await manifest(text, as: submission), source: source, as: submission)
    }

    private func manifest(
        _ text: [UInt8], as submission: Submission
    ) async throws(RunnerError) -> Manifest {
        let longest = directory.settings.times.maxTimeout
        let artifacts = directory.settings.limits.artifacts
        let full = await directory.fullPools
        var manifest = try await manifests.take(of: submission.submitter.id) { () throws(RunnerError) in
            try await apart(on: .manifestReaders) { [pools = directory.context.pools] in
                try ManifestReader.read(
                    text, pools: ManifestPools(pools, full: full), wish: submission.wish,
                    longestTimeout: longest, artifactLimit: artifacts)
            }
        }
        if let keep = submission.keep { manifest.keep = keep }
        return manifest
    }

    static func isYAML(_ type: String?) -> Bool {
        ["application/yaml", "application/x-yaml", "text/yaml"].contains(type.map(MediaType.essence))
    }

    static func isArchive(_ type: String?) -> Bool {
        ["application/x-tar", "application/gzip", "application/x-gzip"].contains(type.map(MediaType.essence))
    }
}
