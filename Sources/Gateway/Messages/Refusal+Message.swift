import BuildAPI
import CommandGrammar
import FoundationEssentials
import Glibc
import KeyForms
import Policy
import Presentation
import ServiceClient

/// The catalogue of messages: each reason, and its message.
extension Refusal {
    var message: Message {
        switch self {
        case .notTheForcedCommand:
            Message(
                .usage, "This account only enters build machines.", cause: "not started as the forced command"
            )
        case .notAudited(let cause):
            Message(
                .misconfigured,
                "This gateway lets nobody in without a record of it, and the record cannot be written.",
                Message.tellAdministrator, cause: "no audit record: \(cause)")
        case .notSetUp(let cause):
            Message(
                .misconfigured, "The gateway is not set up correctly.", Message.tellAdministrator,
                cause: cause)
        case .unverifiedKey(let cause):
            Message(
                .misconfigured, "The gateway cannot tell whose key this is.", Message.tellAdministrator,
                cause: cause)
        case .usage(let error): Message(.usage, "\(error)", cause: "usage: \(error)")

        case .foreignProgram(let program, let line): Self.message(program, line)

        case .denied(let denial, let principal, let key): Self.message(denial, to: principal, by: key)
        case .tooManyCommands(let limit, let person):
            Message(
                .tryAgain, "You already have \(limit) commands running at this gateway, which is the limit.",
                "End some of them first.", cause: "\(limit) commands of \(person.record)")
        case .noRoomForCommand(let cause, let person):
            Message(
                .tryAgain, "The gateway has no room for one more command.", Message.tryAgainInAMinute,
                cause: "commands of \(person.record) cannot be counted: \(cause)")
        case .keyOfTwoPeople(let error):
            Message(
                .misconfigured, "Your key belongs to more than one person at the build service.",
                Message.tellAdministrator, cause: "a key with two owners: \(error.debugDescription)")
        case .termsDeclined(let terms, let person):
            Message(
                .notPermitted, "The terms of use have not been accepted.",
                cause: "terms of use \(terms.version) not accepted by \(person.id)")
        case .termsChanged(let error):
            Message(
                .tryAgain, "The terms of use have just changed.", Message.sameCommandAgain,
                cause: error.debugDescription)

        case .noJobNamedNorListed:
            Message(
                .usage, "The build service here cannot list your jobs.", "Name the job you mean.",
                cause: "no job named, and the service lists none")
        case .noLiveJob:
            Message(
                .noSuchJob, "You have no running job and no kept builder.",
                "Name a job.", cause: "no job named and no live job")
        case .severalLiveJobs(let count, let isAll):
            Message(
                .usage, "You have \(isAll ? "" : "more than ")\(count.counted("live job")).",
                "Name the one you mean.", cause: "no job named")

        case .severalJobsNamed(let name, let count):
            Message(
                .usage, "There are \(count) jobs with the name \(name).",
                "Give the number of the one you mean.",
                cause: "a name of \(count) jobs")
        case .noSuchCode(let error):
            Message(
                .noSuchJob, "No machine waits with this code.",
                "A code is good once, for five minutes, and can be for one person only.",
                cause: "adopt: \(error.debugDescription)")
        case .service(let error): Self.message(error)
        case .serviceRefused(let error, let verb): Self.message(error, to: verb)
        case .notOffered(let what):
            Message(
                .noBuilder, "The build service here does not offer \(what).", "Use its own web pages.",
                cause: "unsupported: \(what)")
        case .senseless(let what):
            Message(
                .misconfigured, "The build service gave an invalid answer.", Message.tellAdministrator,
                cause: "the service names \(what)")
        case .eventsEnded(let job):
            Message(
                .tryAgain, "The build service stopped reporting on job \(job.id).",
                Message.tryAgainInAMinute,
                cause: "the event stream of job \(job.id) ended while it was \(job.status.rawValue)")

        case .eventsNotOffered(let job, let mayEnter):
            Message(
                .tryAgain,
                "Job \(job.id) has not ended, and the build service here does not report when it does.",
                job.builder?.state == .ready && mayEnter
                    ? "Try again later, or enter its builder now: connect --now \(job.id)."
                    : "Try again later.",
                cause: "no events of job \(job.id), which is \(job.status.rawValue)")
        case .noLog(let job):
            Message(
                .noBuilder, "The build service here has no log of job \(job).", cause: "no log of job \(job)")

        case .noArtifact(let job, let name, let names): Self.message(noArtifact: name, of: job, names)
        case .artifactToTerminal(let job):
            Message(
                .usage, "The bytes of an artifact cannot go to a terminal.",
                "Leave out -t: ssh … artifacts \(job) NAME >FILE",
                cause: "artifacts of job \(job) with a terminal")

        case .noBuilder(let job):
            Message(
                job.status.isFinal ? .noBuilder : .tryAgain,
                job.status.isFinal
                    ? "The builder of job \(job.id) is gone." : "Job \(job.id) has no builder yet.",
                cause: "job \(job.id) is \(job.status.rawValue) and has no builder")
        case .extendedWhileRunning(let job):
            Message(
                .tryAgain, "Job \(job.id) is still running.",
                "You can extend its builder when the tasks have ended.",
                cause: "extend while job \(job.id) is \(job.status.rawValue)")
        case .extendedTooFar(let job, let latest):
            Message(
                .usage,
                "The builder of job \(job.id) can be kept until \(TimeLeft.moment(latest)) at the latest, "
                    + "\(SpokenDuration.words(latest.timeIntervalSinceNow)) from now:",
                command: "\(ExtendCommand.manual.name) \(job.id) --max",
                cause: "extend job \(job.id) past its maximum")
        case .cancelledTooLate(let job):
            Message(
                .noBuilder, "Job \(job.id) has ended already: \(job.status.rawValue).",
                cause: "cancel of job \(job.id), which is \(job.status.rawValue)")

        case .unusableGreeting(let fault): Self.message(fault)
        case .notResumed(let error): Self.message(notResumed: error)
        case .unexpectedStream(let cause):
            Message(
                .tryAgain, "Nobody expects this stream, or not any more.",
                cause: "unexpected stream: \(cause)")
        case .archiveToTerminal:
            Message(
                .usage, "An archive cannot go to a terminal.",
                "Leave out -t: ssh … attach-bundle >sallyport-attach.tar.gz",
                cause: "attach-bundle with a terminal")
        case .noBundle(let architecture, let cause):
            Message(
                .noBuilder, "This gateway has no archive of sallyport-attach for \(architecture).",
                "It is installed with make attach-bundle.", cause: cause)
        case .machineAway(let job, let cause): Self.message(away: job, cause: cause)
        case .atOtherGateway(let job, let gateway, let line):
            Message(
                .noBuilder, "The machine of job \(job) is connected to another gateway.",
                "Enter it there: \(line)", cause: "job \(job) is attached to the gateway \(gateway)")
        case .machineLost(let job, let cause): Self.message(machineLost: job, cause: cause)

        case .manifestTooLarge:
            Message(.badInput, "The manifest is larger than 1 MB.", cause: "submit: more than 1 MB")
        case .sourceFromTerminal:
            Message(
                .usage, "An archive cannot come from a terminal.",
                "Leave out -t: tar cz . | ssh … submit --tar",
                cause: "submit --tar with a terminal")
        case .noManifest:
            Message(
                .badInput, "There is no manifest on standard input:",
                command: "\(SubmitCommand.manual.name) <job.yaml", cause: "submit: empty")
        case .noPools:
            Message(
                .usage, "This build service has no pools.", "Leave out --pool and --arch.",
                cause: "submit with a pool or an architecture, and the service has no pools")
        case .unusableKey(let error) where error.isPrivate:
            Message(
                .badInput, "This is a private key, and it was not stored.",
                "Anyone who saw it can use it: make a new one, and send its .pub file.",
                cause: "keys add: a private key")
        case .unusableKey(let error):
            Message(.badInput, error.description, cause: "keys add: \(error)")
        case .keyInUse:
            Message(
                .usage, "You are logged in with this key.", "To remove it, log in with another one.",
                cause: "keys remove: the session's own key")
        case .noSuchKey(let error):
            Message(.badInput, "You have no key with this fingerprint.", cause: error.debugDescription)
        case .confirmedKey(let fingerprint):
            Message(
                .usage, "You are logged in with the key \(fingerprint), which is yours already.",
                "To confirm another one, log in with that: ssh -o IdentitiesOnly=yes -i FILE …",
                cause: "keys confirm with a key that is not pending")
        case .wrongWord(let error, let fingerprint):
            Message(
                .notPermitted, "This is not the word for your key \(fingerprint).",
                "Enter it as keys add has printed it, or add the key again for a new one.",
                cause: "keys confirm \(fingerprint): \(error.debugDescription)")
        case .notPending(let error, let fingerprint):
            Message(
                .notPermitted, "Your key \(fingerprint) is no longer pending.",
                "Add it again, logged in with a key that is yours.",
                cause: "keys confirm \(fingerprint): \(error.debugDescription)")
        case .unwritableAnswer: Message(.misconfigured, "The answer cannot be written.", cause: "JSON")

        case .noPublicHost(.host):
            Message(
                .usage, "This gateway does not know its public name.", "Give it with --host H.",
                cause: "ssh-config without a public_host")
        case .noPublicHost(.suffix):
            Message(
                .usage, "This gateway does not know its public name.", "Use --suffix S, or --bare.",
                cause: "known-hosts without a public_host")
        case .noHostAuthority(let line):
            Message(
                .noBuilder, "There is no certificate authority for builders here.",
                "For one job's host keys: \(line), and known-hosts JOB.", cause: "no host authority")
        case .uncertifiedNames(let names, let alternatives):
            Message(
                .usage, "Builders have no certificate for names like \(names.pattern).",
                "Use \(alternatives).",
                cause: "the host authority does not sign for \(names.suffix ?? "bare names")")
        case .unknownHostKey(let job):
            Message(
                .tryAgain, "The host key of job \(job)'s builder is not known yet.",
                "Try again in a minute, or run connect \(job) first.",
                cause: "job \(job) has a builder without host keys")
        case .proxyWithTerminal:
            Message(
                .usage, "proxy carries the bytes of your ssh, so it needs no terminal.", "Leave out -t.",
                cause: "proxy with a terminal")
        case .uncertifiedBuilder(let job, let line):
            Message(
                .usage, "The machine of job \(job) has no certificate, so your ssh cannot recognise it.",
                "For this job alone: \(line)", cause: "the builder of job \(job) is not certified")
        case .unpinnedBuilder(let job, let line):
            Message(
                .tryAgain, "The host key of this builder is not known yet.",
                "Run this once, then known-hosts prints it: \(line)",
                cause: "proxy to job \(job), for which no host key is pinned")

        case .unrecordable(let job, let isProxy):
            Message(
                .notPermitted,
                isProxy
                    ? "Sessions in the machine of job \(job) are recorded, and what your own ssh carries cannot be."
                    : "Sessions in the machine of job \(job) are recorded, and one without a terminal cannot be.",
                "Enter it with a terminal:", command: "\(ConnectCommand.manual.name) \(job)",
                needsTerminal: true,
                cause: "a session \(isProxy ? "by proxy" : "without a terminal") where sessions are recorded")
        case .notRecorded(.full):
            Message(
                .tryAgain, "This session has ended, because its recording is as large as one can be.",
                Message.sameCommandToReturn, cause: "the recording has reached recording_limit")
        case .notRecorded(.noRoom):
            Self.message(notRecorded: "all recordings together have reached recordings_size")
        case .notRecorded(.unwritable(let cause)): Self.message(notRecorded: cause)
        case .reasonMissing(let job):
            Message(
                .notPermitted,
                "Job \(job) is not yours, and administrators say here why they enter. Its owner will read it:",
                command: "\(ConnectCommand.manual.name) \(job) --reason TEXT", needsTerminal: true,
                cause: "an administrator has given no reason to enter job \(job)")
        case .jobEnded(let job): Self.message(ended: job)
        case .builderTimeout(let job):
            Message(
                .tryAgain,
                job.status == .running
                    ? "The builder of job \(job.id) is still booting." : "Job \(job.id) is still queued.",
                Message.tryAgainInAMinute,
                cause: "job \(job.id) is \(job.status.rawValue) and has no builder that is ready")
        case .notClaimed(let error, let job, let verb): Self.message(noClaim: error, job, verb: verb)
        case .notConnected(let error): Self.message(error, wasInside: false)

        case .lost(let loss, let job): Self.message(loss, job)
        case .builderEnded(let job, let loss): Self.message(builderEnded: job, loss)
        case .builderReplaced(let job):
            Message(
                .noBuilder, "The builder of job \(job) is gone.",
                cause: "the new claim is for another builder")
        case .sessionEnded(let error):
            Message(
                .tryAgain, "An administrator has ended this session.",
                "The builder is still there: run the same command again to return.",
                cause: Self.cause(noClaim: error))
        case .sessionRevoked(let error, _) where error.code == .suspended:
            Self.suspended("This session has ended.", cause: Self.cause(noClaim: error))
        case .sessionRevoked(let error, let job):
            Self.noLongerOpen(job, cause: Self.cause(noClaim: error))
        case .revoked(let denial, let job): Self.message(revoked: denial, job)
        case .serviceSilent(let time, let isInside):
            Message(
                .tryAgain,
                "This session has ended: the build service has not answered for \(SpokenDuration.words(time)).",
                isInside ? Message.sameCommandToReturn : Message.sameCommandAgain,
                cause: "no answer for \(SpokenDuration.words(time))")
        case .idle(let time):
            Message(
                .tryAgain,
                "This session was closed after \(SpokenDuration.words(time)) without input or output.",
                Message.sameCommandToReturn, cause: "idle for \(SpokenDuration.words(time))")
        case .killedByUnnamedSignal(let name):
            Message(
                .unknown, "The command was killed by a signal that SSH has no name for, such as SIGBUS.",
                cause: "killed by \(HostileText.printable(name, limit: 64))")
        case .interrupted(let signal, let cause):
            // After a hang-up there is nobody to read it; a person who types Ctrl-C or Ctrl-\ while waiting knows.
            [SIGHUP, SIGINT, SIGQUIT].contains(signal)
                ? Message(.signal(signal), "", cause: cause)
                : Message(
                    .signal(signal), "The gateway has ended this session.",
                    Message.sameCommandToReturn, cause: cause)
        }
    }
}

extension Refusal: Equatable {
    static func == (one: Refusal, other: Refusal) -> Bool { one.message == other.message }

    private static func message(notRecorded cause: String) -> Message {
        Message(
            .misconfigured, "This session has to be recorded, and cannot be.", Message.tellAdministrator,
            cause: "not recorded: \(cause)")
    }
}
