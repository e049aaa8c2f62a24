import BuildAPI
import ConfigurationFile
import HTTPTypes
import Hummingbird
import NIOPosix

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
        try Requester.refuseSuspended(account)
        if let note = query["note"], note.utf8.count > 1024 {
            throw RunnerError(.malformedRequest, "A note can have at most 1024 bytes.")
        }
        let visibility = try query["visibility"].map { word throws(RunnerError) in
            guard let visibility = Job.Visibility(rawValue: word) else {
                throw RunnerError(.malformedRequest, "The visibility must be public, unlisted or private.")
            }
            return visibility
        }
        let job =
            if isSource {
                try await submitSource(
                    request, manifest: query["manifest"] ?? SourceArchive.usualManifest,
                    owner: account.person, note: query["note"], visibility: visibility ?? .unlisted)
            } else {
                try await directory.submit(
                    try await manifest(
                        body(request, limit: Manifest.maximumSize), of: account.person),
                    owner: account.person, note: query["note"], visibility: visibility ?? .unlisted)
            }
        return try json(job, .created)
    }

    /// An archive can take a minute to read. Lists and manifests do not wait for it.
    private static let archiveReaders: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        return threads
    }()

    private func submitSource(
        _ request: Request, manifest name: String, owner: Person, note: String?, visibility: Job.Visibility
    ) async throws(RunnerError) -> Job {
        try await directory.beginArrival(of: owner)
        let result: Result<Job, RunnerError>
        do {
            result = .success(
                try await receiveSource(
                    request, manifest: name, owner: owner, note: note, visibility: visibility))
        } catch {
            result = .failure(error)
        }
        await directory.endArrival(of: owner)
        return try result.get()
    }

    private func receiveSource(
        _ request: Request, manifest name: String, owner: Person, note: String?, visibility: Job.Visibility
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
        let text = try await apart(on: Self.archiveReaders) {
            try archive.sync()
            return try archive.manifest(named: name)
        }
        return try await directory.submit(
            try await manifest(text, of: owner), source: source, owner: owner, note: note,
            visibility: visibility)
    }

    private func manifest(_ text: [UInt8], of owner: Person) async throws(RunnerError) -> Manifest {
        try await manifests.take(of: owner.id) { () throws(RunnerError) in
            try await apart { [images] in
                try ManifestReader.read(
                    text, resolveImage: images.resolve, imageNames: { images.list.map(\.name) })
            }
        }
    }

    static func isYAML(_ type: String?) -> Bool {
        ["application/yaml", "application/x-yaml", "text/yaml"].contains(type.map(MediaType.essence))
    }

    static func isArchive(_ type: String?) -> Bool {
        ["application/x-tar", "application/gzip", "application/x-gzip"].contains(type.map(MediaType.essence))
    }
}
