import BuildAPI
import FoundationEssentials

/// The output of an attached machine's command.
extension LiveJob {
    /// - Returns: the writer's number.
    func beginLog(ofAttachment id: String) throws(RunnerError) -> UInt64 {
        try requireAttachment(id)
        guard let log = logs[MachineAttachment.task], !log.isEnded else { throw Self.logEnded }
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

    /// Its connection was lost in the middle.
    func breakLog(as writer: UInt64) {
        guard attachedLog.writer == writer else { return }
        noteGap()
    }

    /// What came while the connection was lost came to nobody.
    func noteGap() {
        guard !isStopping, attachedLog.writer > 0, !attachedLog.hasGap,
            let log = logs[MachineAttachment.task], !log.isEnded
        else { return }
        attachedLog.hasGap = true
        log.append(Array(AttachedLog.gap.utf8))
    }

    /// - Parameter isLast: the machine sends nothing more.
    func endLog(isLast: Bool = false) {
        attachedLog.writers -= 1
        if isLast { attachedLog.isEnding = true }
        if attachedLog.isEnding, attachedLog.writers == 0 { logs[MachineAttachment.task]?.end() }
    }

    /// The command has ended; its last output can still be on its way, and often begins only now.
    func endLogSoon() {
        logs.own.end()
        let moment = timekeeper.now().addingTimeInterval(AttachedLog.timeout)
        _Concurrency.Task { [weak self, timekeeper] in
            try? await timekeeper.wait(moment)
            await self?.endLogWhenUnwritten()
        }
    }

    private func endLogWhenUnwritten() {
        attachedLog.isEnding = true
        if attachedLog.writers == 0 { logs[MachineAttachment.task]?.end() }
    }

    private static var logEnded: RunnerError { RunnerError(.gone, "This log has ended.") }
}
