import BuildAPI
import CommandGrammar
import FoundationEssentials
import Policy
import SSHClient
import ServiceClient

/// Why somebody does not get what they asked for, or not any longer: every reason that the gateway has.
///
/// What is said of each, and with which exit status, is ``message``. docs/troubleshooting.md explains every one; a test
/// compares them.
enum Refusal: Error {
    // MARK: Before anybody is known

    /// Started in another way than by the forced command.
    case notTheForcedCommand
    /// The gateway's own configuration, or what it needs, is missing or wrong.
    case notSetUp(_ cause: String)
    /// sshd does not say that this key has authenticated.
    case unverifiedKey(_ cause: String)
    case usage(UsageError)

    // MARK: What the policy denies

    /// - to: who has asked; nil: nobody who is known.
    case denied(Denial, to: Principal? = nil)
    /// The service has two owners for the key.
    case keyOfTwoPeople(ServiceError)
    case termsDeclined(TermsOfUse, by: Person)
    case termsChanged(ServiceError)

    // MARK: Which job

    /// No job was named, and the service has no list.
    case noJobNamedNorListed
    case noLiveJob
    case severalLiveJobs(Int)

    // MARK: The build service

    /// It did not answer as it should.
    case service(ServiceError)
    /// It refused, or cannot do, what the person wants with that verb.
    case serviceRefused(ServiceError, String)
    /// It has nothing like that, as in "The build service here has no …".
    case notOffered(String)
    /// What it says cannot be: "the service names …".
    case senseless(String)
    /// It does not tell any more what becomes of a job that has not ended.
    case eventsEnded(Job)

    // MARK: The job's state

    /// There is no builder to do that with.
    case noBuilder(Job)
    case extendedWhileRunning(Job)
    case extendedTooFar(Job, latest: Date)
    case cancelledTooLate(Job)

    // MARK: What the person sends

    case manifestTooLarge
    case noManifest
    case privateKey
    case noPublicKey
    /// `keys remove` of the session's own key.
    case keyInUse
    case noSuchKey(ServiceError)
    case unwritableAnswer

    // MARK: The person's own ssh

    /// What would make up for a missing `public_host`.
    enum HostOption { case host, suffix }

    case noPublicHost(HostOption)
    /// - setUpLine: how somebody sets their ssh up for one job.
    case noHostAuthority(setUpLine: String)
    /// - alternatives: options for names that builders have certificates for.
    case uncertifiedNames(BuilderNames, alternatives: String)
    case unknownHostKey(JobID)
    case proxyWithTerminal
    /// `proxy` to a builder whose host key nobody knows yet.
    case unpinnedBuilder(JobID, commandLine: String)

    // MARK: On the way into a builder

    /// The job has ended, and nothing of its machine is left.
    case jobEnded(Job)
    /// There was no builder in the time that somebody waits for one.
    case builderTimeout(Job)
    /// The service gives no claim.
    case notClaimed(ServiceError, JobID, verb: String)
    /// No connection to the builder.
    case notConnected(SSHClientError)

    // MARK: Inside a builder

    /// The session on the builder broke off, and nobody says why.
    case lost(Loss, JobID)
    /// The same, and the builder has ended, for whatever reason.
    ///
    /// - loss: how it was noticed here; nil: the service has said it first.
    case builderEnded(Job, loss: Loss?)
    /// The claim was asked for again, and is for another builder.
    case builderReplaced(JobID)
    /// The person may not be inside any longer.
    case sessionRevoked(ServiceError, JobID)
    case idle(Duration)
    /// The client has gone, or an administrator ends the session.
    case interrupted(signal: CInt, cause: String)
}

/// How the end of a session on a builder shows.
enum Loss {
    case connection(SSHClientError)
    /// The builder closed the channel without an exit status.
    case channelClosed
    /// The service does not keep the claim.
    case claim(ServiceError)
}
