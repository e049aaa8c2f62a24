import BuildAPI
import FoundationEssentials

/// The output of an attached machine's command.
extension LiveJob {
    /// - Returns: the writer's number.
    func beginLog(ofAttachment id: String) throws(RunnerError) -> UInt64 {
        try requireAttachment(id)
        guard record.hasAttachedItself, let log = logs[MachineAttachment.task], !log.isEnded else {
            throw Self.logEnded
        }
        log.begin()
        attachedLog.writer += 1
        attachedLog.writers += 1
        return attachedLog.writer
    }

    /// Returns when it is on the disk, or nobody will write it.
    func appendToLog(_ bytes: [UInt8], as writer: UInt64) async throws {
        guard !isStopping else { throw RunnerError(.stopping, "The service is stopping.") }
        // A machine that has come back sends it through another connection.
        guard attachedLog.writer == writer else {
            throw RunnerError(.gone, "Another request writes this log now.")
        }
        guard let log = logs[MachineAttachment.task], !log.isEnded else { throw Self.logEnded }
        attachedLog.hasGap = false
        if !log.append(bytes) { try await waitForRoom(for: log, of: MachineAttachment.task) }
    }

    /// Its connection was lost in the middle. It can go on.
    func breakLog(as writer: UInt64) {
        guard attachedLog.writer == writer else { return }
        noteGap()
        postponeLogEnd()
    }

    /// What came while the connection was lost came to nobody.
    func noteGap() {
        guard !isStopping, attachedLog.writer > 0, !attachedLog.hasGap,
            let log = logs[MachineAttachment.task], !log.isEnded
        else { return }
        attachedLog.hasGap = true
        log.append(Array(AttachedLog.gap.utf8))
    }

    /// - Parameter isLast: the machine sends nothing more. Only the newest writer knows.
    func endLog(as writer: UInt64, isLast: Bool = false) {
        attachedLog.writers -= 1
        if isLast, attachedLog.writer == writer { logs[MachineAttachment.task]?.end() }
    }

    /// Gives the machine its time again, if the command has ended.
    func postponeLogEnd() {
        guard attachedLog.end != nil else { return }
        attachedLog.end = timekeeper.now().addingTimeInterval(AttachedLog.timeout)
    }

    /// The command has ended; its last output can still be on its way, and often begins only now.
    func endLogSoon() {
        logs.own.end()
        guard attachedLog.end == nil else { return }
        attachedLog.end = timekeeper.now().addingTimeInterval(AttachedLog.timeout)
        _Concurrency.Task { [weak self, timekeeper] in
            while let moment = await self?.endLogInTime() {
                do { try await timekeeper.wait(moment) } catch { return }
            }
        }
    }

    /// Ends it if that time has come, unless somebody writes it, or its machine is away.
    ///
    /// - Returns: when to look again; nil: it has ended.
    private func endLogInTime() -> Date? {
        guard let log = logs[MachineAttachment.task], !log.isEnded, let end = attachedLog.end else {
            return nil
        }
        guard end <= timekeeper.now() else { return end }
        guard attachedLog.writers == 0, record.attachment?.awaySince == nil else {
            postponeLogEnd()
            return attachedLog.end
        }
        log.end()
        return nil
    }

    private static var logEnded: RunnerError { RunnerError(.gone, "This log has ended.") }
}
