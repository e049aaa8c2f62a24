import BuildAPI
import CommandGrammar
import FoundationEssentials
import KeyForms
import Policy
import SSHClient
import ServiceClient

/// Why a request is refused, or a session ended: every reason that the gateway has.
///
/// ``message`` has each one's words and exit status. docs/troubleshooting.md explains every one; a test compares them.
enum Refusal: Error {
    // MARK: Before the person is known

    /// Not started as the forced command.
    case notTheForcedCommand
    /// There must be an audit record, and it cannot be written.
    case notAudited(_ cause: String)
    /// The gateway's own configuration, or what it needs, is missing or wrong.
    case notSetUp(_ cause: String)
    /// sshd does not say that this key has authenticated.
    case unverifiedKey(_ cause: String)
    case usage(UsageError)
    /// - line: the command that does what the program is for; nil: the build service's own pages do it.
    case foreignProgram(ForeignProgram, line: String?)

    // MARK: What the policy denies

    /// - to: who asked; nil: unknown.
    /// - by: the key that says so.
    case denied(Denial, to: Principal? = nil, by: UsedKey? = nil)
    /// So many of the person's commands are running, which is the limit.
    case tooManyCommands(Int, of: Person)
    /// The person's commands cannot be counted.
    case noRoomForCommand(_ cause: String, of: Person)
    /// The service has two owners for the key.
    case keyOfTwoPeople(ServiceError)
    case termsDeclined(TermsOfUse, by: Person)
    case termsChanged(ServiceError)

    // MARK: Which job

    /// No job was named, and the service has no list.
    case noJobNamedNorListed
    case noLiveJob
    case severalLiveJobs(atLeast: Int, isAll: Bool)
    case severalJobsNamed(JobName, Int)

    /// No machine waits for somebody to adopt it with that code.
    case noSuchCode(ServiceError)

    // MARK: The build service

    /// It did not answer, or not usably.
    case service(ServiceError)
    /// It refused, or cannot do, what the person wants with that verb.
    case serviceRefused(ServiceError, String)
    /// It does not support this: "The build service here does not offer …".
    case notOffered(String)
    /// Its answer is invalid: "the service names …".
    case senseless(String)
    /// It stopped reporting changes of a job that has not ended.
    case eventsEnded(Job)
    /// It never reports changes of a job, and this one has not ended.
    case eventsNotOffered(Job, mayEnter: Bool)
    case noLog(JobID)
    /// - of: the names that there are: hostile text.
    case noArtifact(JobID, String, of: [String])
    case artifactToTerminal(JobID)

    // MARK: The job's state

    /// There is no builder to do that with.
    case noBuilder(Job)
    case extendedWhileRunning(Job)
    case extendedTooFar(Job, latest: Date)
    case cancelledTooLate(Job)

    // MARK: What the person sends

    case manifestTooLarge
    case noManifest
    /// `submit` with a pool or an architecture, to a service that has no pools.
    case noPools
    case sourceFromTerminal
    /// What was sent is no public key that can log in.
    case unusableKey(KeyFormError)
    /// `keys remove` of the session's own key.
    case keyInUse
    case noSuchKey(ServiceError)
    /// `keys confirm` with a key that does not need it.
    case confirmedKey(fingerprint: String)
    case wrongWord(ServiceError, fingerprint: String)
    /// It took too long, or too many words were wrong.
    case notPending(ServiceError, fingerprint: String)
    case unwritableAnswer

    // MARK: The person's own ssh

    /// The option that replaces a missing `public_host`.
    enum HostOption { case host, suffix }

    case noPublicHost(HostOption)
    /// - setUpLine: the command that sets a person's ssh up for one job.
    case noHostAuthority(setUpLine: String)
    /// - alternatives: options for names that builders have certificates for.
    case uncertifiedNames(BuilderNames, alternatives: String)
    case unknownHostKey(JobID)
    case proxyWithTerminal
    /// `proxy` to a builder whose host key is not known yet.
    case unpinnedBuilder(JobID, commandLine: String)
    case uncertifiedBuilder(JobID, commandLine: String)

    // MARK: Entering a builder

    /// Sessions there are recorded, and this one cannot be.
    case unrecordable(JobID, isProxy: Bool)
    /// It must be recorded, and cannot be, or not any more.
    case notRecorded(SessionRecording.Failure)
    /// An administrator must say why they enter, and has not.
    case reasonMissing(JobID)
    /// The job has ended, and its builder is gone.
    case jobEnded(Job)
    /// No builder was ready in time.
    case builderTimeout(Job)
    /// The service refused the claim.
    case notClaimed(ServiceError, JobID, verb: String)
    /// No connection to the builder.
    case notConnected(SSHClientError)

    // MARK: Attached machines

    /// It has dialled another gateway.
    case atOtherGateway(JobID, gateway: String, commandLine: String)
    /// What the machine's script says is not what the gateway understands.
    case unusableGreeting(AttachmentFault)
    /// The service does not know the machine that comes back.
    case notResumed(ServiceError)
    /// Nobody expects this stream, or not any more.
    case unexpectedStream(_ cause: String)
    case archiveToTerminal
    /// The archive for this architecture is not installed.
    case noBundle(String, cause: String)
    /// The machine is not connected to the gateway, but can come back.
    case machineAway(JobID, cause: String)
    /// The machine's connection, or the person's stream, was lost while they were inside.
    case machineLost(JobID, cause: String)

    // MARK: Inside a builder

    /// The session on the builder was lost, for an unknown reason.
    case lost(Loss, JobID)
    /// The same, and the builder has ended, for whatever reason.
    ///
    /// - loss: how the gateway noticed it; nil: the service reported it first.
    case builderEnded(Job, loss: Loss?)
    /// The claim was requested again, and the new one is for another builder.
    case builderReplaced(JobID)
    /// An administrator has ended the session.
    case sessionEnded(ServiceError)
    /// The person is no longer allowed to be inside.
    case sessionRevoked(ServiceError, JobID)
    /// While a command lasted, the person has lost what they need for it.
    case revoked(Denial, JobID)
    /// The service has answered nothing for this long, so nobody knows whether the person may go on.
    ///
    /// - isInside: they are on a builder.
    case serviceSilent(Duration, isInside: Bool)
    case idle(Duration)
    /// The remote program was killed by a signal for which the builder's SSH server has only this name.
    case killedByUnnamedSignal(String)
    /// The client has gone, or an administrator ended the session.
    case interrupted(signal: CInt, cause: String)
}

/// The key by which a person is known, or not known, and why it was this one.
struct UsedKey {
    let fingerprint: String
    /// The person's own ssh has chosen it as its configuration says, not they on a command line.
    let isForProxy: Bool
}

/// How the gateway noticed that a session on a builder has ended.
enum Loss {
    case connection(SSHClientError)
    /// The builder closed the channel without an exit status.
    case channelClosed
    /// The service has ended the claim.
    case claim(ServiceError)
}
