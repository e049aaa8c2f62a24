import BuildAPI
import Glibc
import ServiceClient

/// Attachments in memory: what a test puts into it is answered at once.
final class MemoryAttachments: AttachmentService {
    /// All that has been asked for, a word or two each.
    private(set) var requests: [String] = []
    private(set) var machines: [NewAttachment] = []
    /// What is answered to those that attach and resume.
    var attachment: Result<BuildAPI.Attachment, ServiceError> = .failure(
        ServiceError(.notOffered, detail: "in a test"))
    /// The jobs that have names.
    var named: Result<[Job], ServiceError> = .success([])
    /// The log so far, and whether it has ended.
    private(set) var log: [UInt8] = []
    /// Called with each request.
    var onRequest: (String) -> Void = { _ in }

    private func note(_ request: String) {
        requests.append(request)
        onRequest(request)
    }

    func attach(
        _ machine: NewAttachment, _ answer: @escaping (Result<BuildAPI.Attachment, ServiceError>) -> Void
    ) {
        machines.append(machine)
        note("attach")
        answer(attachment)
    }

    func resume(
        _ machine: Resumption, _ answer: @escaping (Result<BuildAPI.Attachment, ServiceError>) -> Void
    ) {
        note("resume")
        answer(attachment)
    }

    func renew(
        _ attachment: BuildAPI.Attachment,
        _ answer: @escaping (Result<BuildAPI.Attachment, ServiceError>) -> Void
    ) {
        note("renew")
        answer(.success(attachment))
    }

    func report(
        _ exit: AttachedExit, of attachment: BuildAPI.Attachment,
        _ answer: @escaping (Result<BuildAPI.Attachment, ServiceError>) -> Void
    ) {
        note("exit \(exit.exitStatus)")
        answer(.success(attachment))
    }

    func appendLog(
        _ bytes: any ByteSource, isLast: Bool, of attachment: BuildAPI.Attachment,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        bytes.onMore = { [unowned self, unowned bytes] in
            let size = 4096
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
            defer { buffer.deallocate() }
            while let count = bytes.read(into: buffer) {
                guard count > 0 else {
                    bytes.onMore = {}
                    note(isLast ? "log ended" : "log sent")
                    return answer(.success(()))
                }
                log += Array(buffer[..<count])
            }
        }
        bytes.onMore()
    }

    func leave(
        _ attachment: BuildAPI.Attachment, _ departure: AttachmentDeparture,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        note("leave \(departure.rawValue)")
        answer(.success(()))
    }

    func jobs(
        named name: JobName, for person: Person, _ answer: @escaping (Result<JobList, ServiceError>) -> Void
    ) {
        note("named \(name)")
        answer(named.map { JobList(jobs: $0) })
    }
}
