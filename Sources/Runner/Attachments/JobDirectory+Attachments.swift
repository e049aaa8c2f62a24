import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Connections
import FoundationEssentials
import Logging
import Policy
import PrometheusMetrics

/// Machines that attach themselves, for the API: finds out whose they are, and finds their jobs.
extension JobDirectory {
    /// - Parameter isHere: whether its gateway is on this host.
    func attach(_ new: NewAttachment, isHere: Bool) async throws(RunnerError) -> Attachment {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let machine = try NewMachine(new)
        if let attachment = try await attachBuilder(machine, isHere: isHere) { return attachment }
        guard settings.limits.attachments > 0 else {
            throw RunnerError(.notFound, "This service takes no machines that attach themselves.")
        }
        let attacher = try await attacher(for: machine)
        let until = try until(of: machine)
        try countSubmission(of: attacher.owner)
        return try await addJob(of: machine, for: attacher, until: until)
    }

    /// When the machine's CI ends it, by the runner's clock.
    func until(of machine: NewMachine) throws(RunnerError) -> Date? {
        let until = machine.until.map(timekeeper.moment(of:))
        guard until.map({ $0 > timekeeper.now() }) ?? true else {
            throw RunnerError(.unprocessable(line: nil, key: "until"), "The machine's time is up already.")
        }
        return until
    }

    /// Makes a job of a machine, which can be entered at once.
    func addJob(
        of machine: NewMachine, as attachmentID: String = MachineAttachment.newID(), for attacher: Attacher,
        until: Date?
    ) async throws(RunnerError) -> Attachment {
        let now = timekeeper.now()
        let place = AttachmentLimits.Machine(owner: attacher.owner, block: machine.block, name: machine.name)
        try AttachmentLimits(machines: attachedMachines + arriving, limits: settings.limits)
            .check(place, from: machine.from)
        arriving.append(place)
        let secret = AttachmentSecret()
        let record: JobRecord
        do throws(RunnerError) {
            let times = settings.times
            record = try await store.addJob(of: attacher.owner, by: attacher.holder, at: now) { id in
                JobRecord(
                    of: machine, id: id, as: attachmentID, for: attacher, secret: secret,
                    until: until, times: times, at: now)
            }
        } catch {
            leave(place)
            throw error
        }
        leave(place)
        add(record)
        context.metrics.attachments.count()
        let id = record.job.id
        if let attachment = record.attachment?.id { attachedJobs[attachment] = id }
        return try await with(id) { job throws(RunnerError) in
            let certificates = await job.certificates()
            await job.attached(machine, isCertified: certificates != nil)
            _ = await Retention(of: self).makeRoomForFinished(of: attacher.owner)
            return try await job.attachment(secret: secret, certificates: certificates)
        }
    }

    /// The same machine comes back.
    func resume(_ request: Resumption, isHere: Bool) async throws(RunnerError) -> Attachment {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        let key = try NewMachine.key(request.key)
        let endpoint = try NewMachine.endpoint(request.endpoint)
        let hostKeys = try NewMachine.hostKeys(request.hostKeys)
        _ = try NewMachine.address(request.from)
        _ = try NewMachine.gateway(request.gateway)
        let isTheirs = try await isMachine(of: request.job, request.secret, key.fingerprint)
        guard isTheirs else {
            throw RunnerError(.notFound, "There is no such machine, or its secret is another one.")
        }
        if await !isAttachKey(key.fingerprint, of: request.job) {
            try await check(key.fingerprint, from: request.from, of: request.job)
        }
        return try await with(request.job) { job throws(RunnerError) in
            let attachment = try await job.resume(
                request, hostKeys: hostKeys, endpoint: endpoint, isHere: isHere)
            forgetAttachment(of: request.job)
            attachedJobs[attachment.id] = request.job
            return attachment
        }
    }

    /// Throws if the key of a machine that comes back is no longer good for that.
    private func check(
        _ fingerprint: String, from address: String, of id: JobID
    ) async throws(RunnerError) {
        let known = try await context.people.key(fingerprint)
        let now = timekeeper.now()
        if try await job(id).attached?.adopted == true {
            try Attacher.checkPairing(known, fingerprint: fingerprint, from: address, at: now)
        } else {
            _ = try Attacher.holder(of: known, fingerprint: fingerprint, from: address, at: now)
        }
    }

    /// A job that does not exist is answered like a wrong secret.
    private func isMachine(
        of id: JobID, _ secret: String, _ fingerprint: String
    ) async throws(RunnerError) -> Bool {
        do throws(RunnerError) {
            return try await with(id) { await $0.hasSecret(secret, fingerprint: fingerprint) }
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Does something with the job of an attachment that lasts.
    func withAttachment<Value: Sendable>(
        _ id: String, _ body: (LiveJob) async throws(RunnerError) -> Value
    ) async throws(RunnerError) -> Value {
        guard let job = attachedJobs[id] else { throw LiveJob.noAttachment }
        return try await with(job, body)
    }

    /// The job of an earlier runner's machine, which may still be there.
    func takeOverMachine(of record: JobRecord) async {
        let id = record.job.id
        if let attachment = record.attachment?.id { attachedJobs[attachment] = id }
        guard !record.isOver else { return forgetIfOver(id) }
        await entries[id]?.job.adoptMachine()
    }

    func forgetAttachment(of job: JobID) {
        for (id, other) in attachedJobs where other == job { attachedJobs[id] = nil }
    }

    /// The live jobs of that name which a person may enter, their own first.
    ///
    /// - Parameter principal: nil: everyone's.
    func jobs(named name: String, for principal: Principal?) -> [Job] {
        let jobs = entries.values.map(\.shown.job).filter { $0.name == name && !$0.isOver }
        guard let principal else { return jobs.sorted { $0.id.description < $1.id.description } }
        let standings = Standing.allCases.filter { $0 != .stranger }
        return standings.flatMap { standing in
            jobs.filter { Standing(of: principal, to: $0) == standing }
                .sorted { ($0.created ?? .distantPast) > ($1.created ?? .distantPast) }
        }
    }

    // MARK: Who comes

    private func attacher(for machine: NewMachine) async throws(RunnerError) -> Attacher {
        let fingerprint = machine.key.fingerprint
        let key = try await context.people.key(fingerprint)
        let holder = try Attacher.holder(
            of: key, fingerprint: fingerprint, from: machine.from, at: timekeeper.now())
        guard let account = try await store.account(holder.id), account.id == holder.id else {
            throw RunnerError(.forbidden, "The key \(fingerprint) is unknown here.")
        }
        var member: Account?
        if let name = machine.member, account.robot == true {
            member = try await context.people.account(name)
            if member?.name != name, member?.id != name { member = nil }
        }
        return try Attacher(
            account, fingerprint: fingerprint, for: member, named: machine.member,
            hasMembers: try await store.hasGroup(Group(name: account.name)))
    }

    var attachedMachines: [AttachmentLimits.Machine] {
        entries.values.compactMap { entry in
            let job = entry.shown.job
            guard entry.pool.isEmpty, let attached = job.attached, !job.isOver else { return nil }
            return .init(
                job: job.id, owner: job.owner, block: AddressBlock(attached.from, bytesOfIPv4: 4),
                name: job.name)
        }
    }

    private func leave(_ place: AttachmentLimits.Machine) {
        if let index = arriving.firstIndex(of: place) { arriving.remove(at: index) }
    }
}
