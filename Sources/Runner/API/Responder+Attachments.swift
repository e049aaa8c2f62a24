import BuildAPI
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Machines that attach themselves.
extension Responder {
    func answerAttachments(
        _ resource: Resource, _ request: Request, _ query: Query
    ) async throws(RunnerError) -> Response {
        switch resource {
        case .attachments:
            return try json(
                await directory.attach(
                    decode(NewAttachment.self, request), isHere: authentication.isLocal), .created)
        case .resumption:
            return try json(
                await directory.resume(decode(Resumption.self, request), isHere: authentication.isLocal))
        case .attachmentHeartbeat(let id):
            return try json(
                await directory.withAttachment(id) { job throws(RunnerError) in
                    try await job.heartbeat(ofAttachment: id)
                })
        case .attachmentExit(let id):
            let exit = try await decode(AttachedExit.self, request)
            let status = try NewMachine.exitStatus(exit.exitStatus)
            return try json(
                await directory.withAttachment(id) { job throws(RunnerError) in
                    try await job.commandEnded(exitStatus: status, attachment: id)
                })
        case .attachment(let id):
            guard let end = query["reason"].flatMap(AttachmentEnd.init) else {
                throw RunnerError(.malformedRequest, "The reason must be bye, cancelled or lost.")
            }
            try await directory.withAttachment(id) { job throws(RunnerError) in
                try await job.endAttachment(id, end)
            }
            return Response(status: .noContent)
        default: throw RunnerError(.notFound, "There is no such resource.")
        }
    }

    /// Those that are nobody's yet.
    func answerPairings(_ resource: Resource, _ request: Request) async throws(RunnerError) -> Response {
        switch resource {
        case .pairings:
            return try json(await directory.pair(decode(NewAttachment.self, request)), .created)
        case .adoption:
            return try json(await directory.adopt(decode(Adoption.self, request)), .created)
        case .pairingRenewal(let id): return try json(await directory.renewPairing(id))
        case .pairing(let id):
            try await directory.endPairing(id)
            return Response(status: .noContent)
        default: throw RunnerError(.notFound, "There is no such resource.")
        }
    }

    /// The live jobs of one name.
    func answerName(
        _ name: String, for requester: Requester, _ role: Role
    ) async throws(RunnerError) -> Response {
        guard JobName(name) != nil else {
            throw RunnerError(.unprocessable(line: nil, key: "name"), "No job can have this name.")
        }
        guard role == .operator || requester.principal != nil else {
            throw RunnerError(
                .forbidden, "This \(authentication.subject) must say for whom it asks: person is missing.")
        }
        return try json(JobList(jobs: await directory.jobs(named: name, for: requester.principal)))
    }

    /// Appends a body to the output of the machine's command.
    func receiveLog(
        ofAttachment id: String, _ request: Request, _ query: Query
    ) async throws(RunnerError) -> Response {
        let isLast = try query.flag("end")
        guard request.headers[.contentType].map(MediaType.essence) == MediaType.bytes else {
            throw RunnerError(.unsupportedMediaType, "The body must be application/octet-stream.")
        }
        try await directory.withAttachment(id) { job throws(RunnerError) in
            let writer = try await job.beginLog(ofAttachment: id)
            let result: Result<Void, RunnerError>
            do {
                // A silent command would keep a runner that stops from its end.
                try await cancelWhenGracefulShutdown {
                    for try await buffer in request.body {
                        try await job.appendToLog(Array(buffer: buffer), as: writer)
                    }
                    try Task.checkCancellation()
                }
                result = .success(())
            } catch  where Task.isShuttingDownGracefully || Task.isCancelled {
                result = .failure(RunnerError(.stopping, "The service is stopping."))
            } catch let error as RunnerError {
                result = .failure(error)
            } catch {
                await job.breakLog(as: writer)
                result = .failure(RunnerError(.malformedRequest, "The body is incomplete."))
            }
            await job.endLog(as: writer, isLast: isLast && (try? result.get()) != nil)
            try result.get()
        }
        return try json([String: String]())
    }
}
