import CommandGrammar
import Foundation
import Policy
import SSHClient

@testable import BuildAPI
@testable import Gateway
@testable import KeyForms
@testable import ServiceClient

extension Refusal {
    /// Every reason in the catalogue, and every sentence of each. `CatalogueTests` sees to it that no reason is missing.
    static var examples: [Refusal] {
        let job = Fixture.job()
        let gone = Fixture.job(builder: nil)
        let error = Fixture.serviceError(.refused)
        let terms = TermsOfUse(version: "2", text: "be kind")
        let lost = SSHClientError(.lost, "in a test")
        var all: [Refusal] = [
            .notTheForcedCommand, .notSetUp("no file"), .notAudited("no file"), .reasonMissing(job.id),
            .unrecordable(job.id, isProxy: true),
            .unrecordable(job.id, isProxy: false), .notRecorded(.full), .notRecorded(.noRoom),
            .notRecorded(.unwritable("no room")),
            .unverifiedKey("no file"),
            .usage(UsageError(.missing(.job), word: "")), .usage(UsageError(.unknownVerb, word: "x")),
            .usage(UsageError(.misspelling(of: "show"), word: "shwo")),
            .usage(UsageError(.jobWithoutVerb("42"), word: "42")),
            .usage(UsageError(.unknownOption, word: "-z")), .usage(UsageError(.optionOfSSH, word: "-t")),
            .usage(UsageError(.userName, word: "-l")), .usage(UsageError(.settingOfSSH, word: "-o")),
            .usage(UsageError(.fileName, word: "job.yaml")),
            .usage(UsageError(.needs("--tar"), word: "--manifest")), .keyOfTwoPeople(error),
            .termsDeclined(terms, by: Fixture.bob), .termsChanged(error), .noJobNamedNorListed, .noLiveJob,
            .severalLiveJobs(atLeast: 2, isAll: true), .severalLiveJobs(atLeast: 2, isAll: false),
            .notOffered("“list”"), .senseless("an invalid user name"),
            .eventsEnded(job), .eventsNotOffered(job, mayEnter: true),
            .eventsNotOffered(job, mayEnter: false), .noLog(job.id), .noArtifact(job.id, "a", of: []),
            .noArtifact(job.id, "report.txt", of: ["reports.txt"]),
            .artifactToTerminal(job.id), .noBuilder(gone),
            .noBuilder(Fixture.job(.queued, builder: nil)),
            .extendedWhileRunning(job),
            .extendedTooFar(job, latest: .distantFuture), .cancelledTooLate(job), .manifestTooLarge,
            .noManifest, .sourceFromTerminal, .keyInUse, .noSuchKey(error), .unwritableAnswer,
            .confirmedKey(fingerprint: "SHA256:abc"), .wrongWord(error, fingerprint: "SHA256:abc"),
            .notPending(error, fingerprint: "SHA256:abc"),
            .usage(UsageError(.missing(.confirmation), word: "")),
            .noPublicHost(.host), .noPublicHost(.suffix), .noHostAuthority(setUpLine: "ssh x"),
            .uncertifiedNames(BuilderNames(suffix: "x"), alternatives: "--bare"), .unknownHostKey(job.id),
            .proxyWithTerminal, .unpinnedBuilder(job.id, commandLine: "ssh x"),
            .uncertifiedBuilder(job.id, commandLine: "ssh x"), .jobEnded(gone),
            .atOtherGateway(job.id, gateway: "gw2", commandLine: "ssh x"),
            .builderReplaced(job.id), .sessionEnded(error), .sessionRevoked(error, job.id),
            .sessionRevoked(Fixture.serviceError(.suspended), job.id),
            .revoked(.suspended(Fixture.alice), job.id),
            .revoked(.unknownKey(fingerprint: "SHA256:x"), job.id),
            .revoked(.concealed(job), job.id), .serviceSilent(.seconds(1800), isInside: true),
            .serviceSilent(.seconds(1800), isInside: false),
            .tooManyCommands(64, of: Fixture.alice), .noRoomForCommand("no space", of: Fixture.alice),
            .idle(.seconds(900)),
            .killedByUnnamedSignal("SIG@openssh.com"),
            .interrupted(signal: SIGTERM, cause: "in a test"), .builderEnded(gone, loss: nil),
            .builderTimeout(Fixture.job(.running, builder: nil)),
            .builderTimeout(Fixture.job(.queued, builder: nil)),
        ]
        let faults: [AttachmentFault] = [
            .endlessLine, .malformed("name"), .repeated("user"), .missing("user"), .silence,
            .newerProtocol(2), .terminal,
        ]
        all += faults.map { .unusableGreeting($0) }
        all += [
            .notResumed(Fixture.serviceError(.noSuchJob)), .unexpectedStream("in a test"), .archiveToTerminal,
            .noBundle("arm64", cause: "no file"), .machineAway(job.id, cause: "in a test"),
            .machineLost(job.id, cause: "in a test"), .severalJobsNamed(JobName("nightly")!, 2),
            .usage(UsageError(.malformedStream, word: "x")), .usage(UsageError(.missing(.stream), word: "")),
            .noSuchCode(Fixture.serviceError(.noSuchJob)), .usage(UsageError(.malformedCode, word: "")),
            .usage(UsageError(.missing(.code), word: "")), .noPools,
        ]
        for loss in [Loss.connection(lost), .channelClosed, .claim(error)] {
            let forms: [KeyFormError] = [
                .privateKey, .none, .binary, .pem, .pemRSA, .x509, .pgp, .age, .page, .fingerprint, .fileName,
                .brokenBlock,
                .options(line: 1), .knownHosts(line: 1), .certificate(line: 1), .damaged(line: 1, "why"),
                .unusable(line: 1, "why"), .unknown(line: 1), .tooMany(100),
            ]
            all += forms.map { .unusableKey($0) }
            all += [.lost(loss, job.id), .builderEnded(gone, loss: loss)]
        }
        var ended = gone
        ended.builderEnd = .init(reason: .deadline)
        all.append(.builderEnded(ended, loss: nil))
        ended.builderEnd = .init(reason: .fault)
        all += [.jobEnded(ended), .builderEnded(ended, loss: .channelClosed)]
        all += ForeignProgram.allCases.map { .foreignProgram($0, line: "ssh x") }
        all.append(.foreignProgram(.copyID, line: nil))
        let denials: [Denial] = [
            .unknownKey(fingerprint: "SHA256:abc"), .unconfirmedKey(fingerprint: "SHA256:abc"),
            .attachingOnly(fingerprint: "SHA256:abc"), .pairingOnly(fingerprint: "SHA256:abc"),
            .suspended(Fixture.bob), .noSuchJob(job.id),
            .inconsistent("in a test"), .termsNotAccepted(version: "2"), .ownersOnly(job), .othersJob(job),
            .concealed(job),
        ]
        all += denials.map { .denied($0) }
        for isForProxy in [false, true] {
            let key = UsedKey(fingerprint: "SHA256:abc", isForProxy: isForProxy)
            all += denials.map { .denied($0, by: key) }
        }
        for code in ServiceError.Code.all {
            let error = Fixture.serviceError(code)
            all += [
                .service(error), .serviceRefused(error, "list"), .notClaimed(error, job.id, verb: "connect"),
            ]
        }
        all.append(.serviceRefused(Fixture.manifestError, "submit"))
        all += SSHClientError.Code.allCases.map { .notConnected(SSHClientError($0, "in a test")) }
        return all
    }

    /// The reason's name in the catalogue.
    var name: String {
        Mirror(reflecting: self).children.first?.label ?? String(describing: self)
    }
}

extension ServiceError.Code {
    static let all: [ServiceError.Code] = [
        .unreachable, .hungUp, .insecure, .untrusted(.authority), .untrusted(.time), .untrusted(.name),
        .timedOut,
        .brokenOff, .malformedAnswer, .redirected, .tooOld, .gatewayFault, .noSuchJob, .noSuchLog, .noSuchKey,
        .noSuchPerson, .claimEnded, .sessionEnded, .builderGone, .notReady, .notPermitted, .suspended,
        .notAuthenticated,
        .termsChanged,
        .conflict, .badInput, .tooMany(nil), .unavailable, .notOffered, .refused,
    ]
}
