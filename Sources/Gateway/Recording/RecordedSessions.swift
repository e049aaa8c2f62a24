import BuildAPI
import ConfigurationFile
import EventLoop
import Policy
import SSHClient

/// Which sessions are recorded, and which are not let in because they cannot be.
extension SessionContext {
    /// Whether sessions in this job's builder are recorded.
    func records(_ job: Job) -> Bool {
        switch configuration.gateway.recording.scope {
        case .none: false
        case .all: true
        case .pools(let pools):
            // A machine that has attached itself is in no pool.
            job.pool.map(pools.contains)
                ?? (job.attached == nil && pools.contains(Configuration.Runner.localPool))
        }
    }

    /// Throws if sessions in this job's builder are recorded, and this one cannot be.
    ///
    /// - Parameter isProxy: the person's own ssh encrypts what passes.
    func requireRecordable(_ job: Job, isProxy: Bool) throws(Refusal) {
        guard records(job), isProxy || !environment.hasTerminal,
            !configuration.gateway.recording.permitsBypass
        else { return }
        throw .unrecordable(job.id, isProxy: isProxy)
    }

    /// Begins to record a session with a terminal, if it has to be, and says so.
    func beginRecording(_ permit: Permit, _ size: TerminalSize) throws(Refusal) -> SessionRecording? {
        guard records(permit.job) else { return nil }
        do throws(SessionRecording.Failure) {
            let recording = try SessionRecording(
                configuration.gateway.recording, session: journal.session, size: size,
                type: environment.terminalType, title: "job \(permit.job.id), \(permit.person.name)",
                at: loop.now)
            say("This session is recorded: everything that it shows, and when.")
            return recording
        } catch {
            guard configuration.gateway.recording.permitsBypass else { throw .notRecorded(error) }
            journal.warn("not recorded: \(error)")
            say("This session cannot be recorded.")
            return nil
        }
    }
}
