public import BuildAPI
import EventLoop
import FoundationEssentials
public import ServiceClient

/// Claims for a service without them: the worker is told that someone has entered, and sessions are
/// counted here.
extension SourcehutService {
    /// A session of this process, inside a builder.
    struct Inside {
        var session: String
        /// The worker's last answer.
        var info: WorkerInfo

        /// Whether the last logout can end the builder, given what the worker says now. While tasks run, the builder is
        /// needed even without anyone inside, and a job that has just changed may be about to change again.
        func mayEnd(_ now: WorkerInfo, _ state: Job.Builder.State?) -> Bool {
            state == .kept && now.status == info.status && now.deadline == info.deadline
        }
    }

    /// The builder in the answer was requested after the worker had been told.
    public func claim(
        _ job: JobID, _ request: ClaimRequest, _ answer: @escaping (Result<Claim, ServiceError>) -> Void
    ) {
        enter(job, request.session, since: loop.now) { [weak self] error in
            if let error { return answer(.failure(error)) }
            self?.tell(job, "claim", expecting: "claimed") { [weak self] error in
                guard let self else { return }
                if let error { return self.refuse(job, request, error, answer) }
                self.describe(job) { [weak self] result in
                    guard let self else { return }
                    do throws(ServiceError) {
                        answer(.success(try self.claim(job, request, try result.get())))
                    } catch {
                        self.refuse(job, request, error, answer)
                    }
                }
            }
        }
    }

    private func claim(
        _ job: JobID, _ request: ClaimRequest, _ found: (info: WorkerInfo, job: Job)?
    ) throws(ServiceError) -> Claim {
        guard let (info, described) = found else { throw Self.gone(job, "the worker does not know it") }
        guard Person.isSame(described.owner.id, request.person.id) else {
            throw ServiceError(.notPermitted, detail: "job \(job) is \(described.owner.id)'s")
        }
        guard let builder = described.builder else {
            if described.status.isFinal { throw Self.gone(job, "it is \(described.status.rawValue)") }
            throw ServiceError(.notReady, detail: "job \(job) has no builder yet")
        }
        guard builder.state != .booting else {
            throw ServiceError(.notReady, detail: "the builder of job \(job) is booting")
        }
        try files.markClaimed(job, until: info.deadline)
        files.removeOld(at: .now)
        let claim = Claim(
            id: "\(job)-\(request.session)", job: job, kind: request.kind, builder: builder,
            deadline: info.deadline, lease: Self.lease)
        inside[claim.id] = Inside(session: request.session, info: info)
        return claim
    }

    private func refuse(
        _ job: JobID, _ request: ClaimRequest, _ error: ServiceError,
        _ answer: (Result<Claim, ServiceError>) -> Void
    ) {
        // A session that asks for its claim again is inside already.
        if !inside.values.contains(where: { $0.session == request.session }) {
            files.leave(job, request.session)
        }
        answer(.failure(error))
    }

    /// The worker knows nothing of the person. There is no lease, so nothing ends if it does not answer.
    public func heartbeat(_ claim: Claim, _ answer: @escaping (Result<Claim, ServiceError>) -> Void) {
        describe(claim.job) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let found?) where found.job.builder?.endpoint == claim.builder.endpoint:
                self.inside[claim.id]?.info = found.info
                var claim = claim
                claim.deadline = found.info.deadline
                answer(.success(claim))
            case .success(let found):
                let status = found.map { "it is \($0.info.status.rawValue)" }
                answer(.failure(Self.gone(claim.job, status ?? "the worker does not know it")))
            case .failure(let error): answer(.failure(error))
            }
        }
    }

    /// The last logout ends the builder, if the job has not just changed. Nothing else ends it.
    public func release(
        _ claim: Claim, reason: Claim.Reason, _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        guard let last = inside.removeValue(forKey: claim.id) else {
            loop.timer(after: .zero) { answer(.success(())) }
            return
        }
        files.leave(claim.job, last.session)
        do throws(ServiceError) {
            guard reason == .logout, let ending = try files.ending(claim.job) else {
                loop.timer(after: .zero) { answer(.success(())) }
                return
            }
            end(claim.job, last, ending, answer)
        } catch {
            loop.timer(after: .zero) { answer(.failure(error)) }
        }
    }

    /// - Parameter ending: kept until the worker has answered.
    private func end(
        _ job: JobID, _ last: Inside, _ ending: SessionFiles.Ending,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        describe(job) { [weak self] result in
            guard let self else { return }
            guard case .success(let found) = result else { return answer(result.map { _ in }) }
            guard let found, last.mayEnd(found.info, found.job.builder?.state) else {
                return answer(.success(()))
            }
            self.tell(job, "terminate", expecting: "cancelled") { [weak self] error in
                guard let self else { return }
                if let error { return answer(.failure(error)) }
                do throws(ServiceError) {
                    try self.files.markEnded(job, ending)
                    answer(.success(()))
                } catch {
                    answer(.failure(error))
                }
            }
        }
    }

    /// Counts the session as inside, as soon as nobody is ending the builder.
    private func enter(
        _ job: JobID, _ session: String, since start: Instant, _ answer: @escaping (ServiceError?) -> Void
    ) {
        var failure: ServiceError?
        do throws(ServiceError) {
            if try !files.enter(job, session) {
                guard loop.age(of: start) > Self.endingTimeout else {
                    loop.timer(after: .milliseconds(50)) { [weak self] in
                        self?.enter(job, session, since: start, answer)
                    }
                    return
                }
                failure = ServiceError(.notReady, detail: "the builder of job \(job) is being ended")
            }
        } catch {
            failure = error
        }
        loop.timer(after: .zero) { answer(failure) }
    }

    /// Sends the worker a command about a job; its answer is one word.
    private func tell(
        _ job: JobID, _ verb: String, expecting word: String, _ answer: @escaping (ServiceError?) -> Void
    ) {
        worker.send(HTTPRequest(method: "POST", path: "/job/\(job)/\(verb)")) { result in
            do throws(ServiceError) {
                guard let body = try Self.body(of: result).get() else {
                    throw Self.gone(job, "the worker does not know it")
                }
                guard body.starts(with: word.utf8) else {
                    throw ServiceError(.malformedAnswer, detail: "POST \(verb): not “\(word)”")
                }
                answer(nil)
            } catch {
                answer(error)
            }
        }
    }

    private static func gone(_ job: JobID, _ why: String) -> ServiceError {
        ServiceError(.builderGone, detail: "the builder of job \(job) is gone: \(why)")
    }
}
