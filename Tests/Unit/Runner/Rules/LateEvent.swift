import BuildAPI
import Foundation
import Provider

@testable import Runner

/// Everything that can happen to a job, when it has ended.
enum LateEvent: CaseIterable {
    // What people ask.
    case cancel, extend, hold, unhold, share, unshare, connect, release
    // What the runner, a builder and its provider say.
    case queued, waits, started, dialled, promised, taskStarted, taskSucceeded, taskFailed, completeBuild
    case allSucceeded, fault, extended, displaced, gone, takenBack, forgotten
    // What an attached machine says.
    case commandSucceeded, commandFailed, away, back, left, leftCancelled, revoked
    case timePassed

    static let moment = start + 10

    /// - Throws: a refusal.
    func happens(to job: inout Lifecycle) throws -> [Effect] {
        let (now, nobody) = (Self.moment, Requester())
        let bob = Party.person(Person(id: "2", name: "bob"))
        switch self {
        case .cancel: return job.cancelled(at: now)
        case .extend: return try job.extended(to: now + 1000, by: nobody, at: now)
        case .hold: return try job.held(by: nobody, at: now)
        case .unhold: return try job.unheld(by: nobody, at: now)
        case .share: return try job.shared(with: bob, by: nobody)
        case .unshare: return try job.unshared(with: bob, by: nobody)
        case .connect:
            try claim(&job, "late", .shell, at: now)
            return job.released("7-late", reason: .logout, at: now)
        case .release: return try job.builderReleased(by: nobody, at: now)
        case .queued: return job.queue()
        case .waits: return job.waits(for: "for a builder")
        case .started:
            return job.builderStarted(
                endpoint: .address("127.0.0.1", port: 2), user: "build", hostKeys: [], at: now)
        case .dialled:
            return job.machineDialled(
                try NewMachine(AttachmentServiceTests.new()), as: "late", secret: AttachmentSecret().hash,
                isCertified: false, until: nil, at: now)
        case .promised: return job.builderPromised(until: now + 10_000)
        case .taskStarted: return job.taskStarted("b", at: now)
        case .taskSucceeded: return job.taskEnded("a", exitStatus: 0, at: now)
        case .taskFailed: return job.taskEnded("b", exitStatus: 1, at: now)
        case .completeBuild: return job.taskEnded("b", exitStatus: 0, completesBuild: true, at: now)
        case .allSucceeded: return job.tasksEnded(at: now)
        case .fault: return job.failed(because: "no", at: now)
        case .extended: return job.extendedByProvider(until: now + 20_000)
        case .displaced: return job.displaced(at: now)
        case .gone: return job.builderEnded(at: now)
        case .takenBack: return job.builderEnded(.released, at: now)
        case .forgotten: return job.machineForgotten()
        case .commandSucceeded: return job.commandEnded(exitStatus: 0, at: now)
        case .commandFailed: return job.commandEnded(exitStatus: 9, at: now)
        case .away: return job.machineWentAway(at: now)
        case .back: return job.machineRenewed(at: now)
        case .left: return job.machineLeft(isCancelled: false, at: now)
        case .leftCancelled: return job.machineLeft(isCancelled: true, at: now)
        case .revoked: return job.attachmentRevoked(because: "no", at: now)
        case .timePassed: return job.timePassed(at: now + 100_000)
        }
    }
}
