import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Policy
import Presentation
import Requests
import ServiceClient

/// The verbs that look at a job, or change it, and are done.
extension GatewaySession {
    func show(_ permit: Permit, json: Bool) {
        journal.note("show job=\(permit.job.id) person=\(permit.person.id)")
        let isInvited = permit.standing != .stranger
        answer(JobView(job: permit.job, isInvited: isInvited), json: json) {
            let job = permit.job
            let own = (line: ownLine(for: job.id), setUpLine: setUpLine(for: "\(job.id)"))
            return JobSheet(job: job, isInvited: isInvited, own: own) { [self] words, terminal in
                commandLine(words, terminal: terminal)
            }.text
        }
    }

    func extend(_ permit: Permit, by length: Request.Extension, json: Bool) {
        let job = permit.job
        guard job.builder != nil else { return refuse(.gone(job)) }
        guard job.status.isFinal else {
            return refuse(
                Refusal(
                    .tryAgain,
                    "Job \(job.id) is still running; its builder's time begins when the tasks have ended.",
                    cause: "extend while job \(job.id) is \(job.status.rawValue)"))
        }
        let until: Date
        switch (length, job.maxDeadline) {
        case (.maximum, let latest?): until = latest
        case (.maximum, nil): return refuse(.unsupported("longest life of a builder"))
        case (.time(let duration), let latest):
            until = (job.deadline ?? .now).addingTimeInterval(TimeInterval(duration.components.seconds))
            // Clocks of two machines: the service has the last word.
            if let latest, until > latest.addingTimeInterval(1) {
                return refuse(
                    Refusal(
                        .usage,
                        "The builder of job \(job.id) can be kept until \(TimeLeft.moment(latest)) at the most, "
                            + "\(SpokenDuration.words(latest.timeIntervalSinceNow)) from now: extend \(job.id) --max.",
                        cause: "extend job \(job.id) past its maximum"))
            }
        }
        change(.extend, permit, .extend(until: until), json: json) { job in
            job.deadline.map {
                "The builder of job \(job.id) ends \(TimeLeft.moment($0)), in \(SpokenDuration.words($0.timeIntervalSinceNow))."
            } ?? "The builder of job \(job.id) has more time."
        }
    }

    func hold(_ permit: Permit, json: Bool) {
        guard permit.job.builder != nil else { return refuse(.gone(permit.job)) }
        change(.hold, permit, .hold, json: json) { [self] job in
            "The builder of job \(job.id) stays after the last logout, until its time is over"
                + (job.deadline.map { " in \(SpokenDuration.words($0.timeIntervalSinceNow))" } ?? "")
                + ". To end it: \(commandLine("release \(job.id)"))"
        }
    }

    func unhold(_ permit: Permit, json: Bool) {
        change(.unhold, permit, .unhold, json: json) {
            "The builder of job \($0.id) ends after the last logout again."
        }
    }

    func share(_ permit: Permit, with name: String, json: Bool) {
        change(.share, permit, .share(with: name), json: json) { [self] job in
            let name = HostileText.printable(name, limit: 64)
            return job.status.isFinal && job.builder == nil
                ? "\(name) may see job \(job.id) now: \(commandLine("tail \(job.id)"))"
                : "\(name) may enter job \(job.id) now: \(commandLine("connect \(job.id)", terminal: true))"
        }
    }

    func unshare(_ permit: Permit, with name: String, json: Bool) {
        change(.unshare, permit, .unshare(with: name), json: json) { job in
            "\(HostileText.printable(name, limit: 64)) may not enter job \(job.id) any more."
        }
    }

    func cancel(_ permit: Permit, json: Bool) {
        guard !permit.job.status.isFinal else {
            return refuse(
                Refusal(
                    .noBuilder, "Job \(permit.job.id) has ended already: \(permit.job.status.rawValue).",
                    cause: "cancel of job \(permit.job.id), which is \(permit.job.status.rawValue)"))
        }
        change(.cancel, permit, .cancel, json: json) { "Job \($0.id) is cancelled." }
    }

    /// Asks first, unless that has been answered on the command line.
    func release(_ permit: Permit, confirmed: Bool, json: Bool) {
        let job = permit.job
        guard job.builder != nil else { return refuse(.gone(job)) }
        let release = { [self] in
            change(.release, permit, .releaseBuilder, json: json) { "The builder of job \($0.id) ends now." }
        }
        guard !confirmed else { return release() }
        let inside = Set(job.sessions.map(\.person.printableName)).sorted()
        let state = job.status.isFinal ? "" : " while its tasks run"
        let others = inside.isEmpty ? "" : " Inside: \(inside.joined(separator: ", "))."
        running = Question("End the builder of job \(job.id) now\(state)?\(others) [yes/no]", in: self) {
            [self] in
            guard $0 == "yes" || $0 == "y" else {
                say("The builder stays.")
                return finish(.jobFailed)
            }
            release()
        }
    }

    private func change(
        _ verb: Verb, _ permit: Permit, _ action: JobAction, json: Bool, sentence: @escaping (Job) -> String
    ) {
        let verb = verb.rawValue
        guard let service = service.selfService else { return refuse(.unsupported("“\(verb)”")) }
        let role = permit.standing == .administrator ? " as administrator" : ""
        journal.note(
            "\(verb) job=\(permit.job.id) person=\(permit.person.id) key=\(key.fingerprint)\(role)")
        service.perform(action, on: permit.job.id, for: permit.person) { [self] result in
            switch result {
            case .success(let job):
                answer(JobView(job: job, isInvited: true), json: json) { sentence(job) + "\n" }
            case .failure(let error): refuse(.service(error, verb))
            }
        }
    }
}

extension Refusal {
    /// There is no builder to do that with.
    static func gone(_ job: Job) -> Refusal {
        let sentence =
            job.status.isFinal ? "The builder of job \(job.id) is gone." : "Job \(job.id) has no builder yet."
        return Refusal(
            job.status.isFinal ? .noBuilder : .tryAgain, sentence,
            cause: "job \(job.id) is \(job.status.rawValue) and has no builder")
    }

    /// - Parameter what: as in "The build service here has no …".
    static func unsupported(_ what: String) -> Refusal {
        Refusal(
            .noBuilder, "The build service here has no \(what): look at its own pages.",
            cause: "unsupported: \(what)")
    }

    /// The service's own words, where it has refused what this person wants.
    static func service(_ error: ServiceError, _ verb: String) -> Refusal {
        let status: ExitStatus
        switch error.code {
        case .notOffered: return unsupported("“\(verb)”")
        case .badInput: status = .badInput
        case .notPermitted, .termsChanged: status = .notPermitted
        case .conflict, .notReady, .builderGone, .claimEnded: status = .noBuilder
        case .tooMany: status = .tryAgain
        default: return GatewaySession.refusal(for: error)
        }
        guard let detail = error.problem?.detail else { return GatewaySession.refusal(for: error) }
        return Refusal(status, HostileText.printable(detail, limit: 400), cause: error.debugDescription)
    }
}
