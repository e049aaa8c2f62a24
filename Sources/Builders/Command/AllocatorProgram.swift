import AllocatorProtocol
import BuildAPI
import FoundationEssentials
import Glibc
import HelperPrograms
import Provider

/// An allocator program, as the runner calls it: docs/allocators.md.
struct AllocatorProgram: Sendable {
    /// The program's path and its arguments; the verb comes after them.
    let words: [String]
    let pool: String
    /// Where it starts: a folder of its own.
    let folder: String
    /// Then `allocate` is ended; the job gives it up a little earlier.
    let limit: Duration
    /// Then `extend` is ended: someone waits, and their gateway waits for ten seconds.
    var extendLimit = Self.usualExtendLimit
    /// How long it has between SIGTERM and SIGKILL.
    var grace = Duration.seconds(10)

    static let usualExtendLimit = Duration.seconds(8)

    /// Runs one verb.
    ///
    /// - Parameters:
    ///   - environment: in addition to `SALLYPORT_POOL`.
    ///   - said: receives lines of standard error, which are hostile.
    func run(
        _ verb: AllocatorWire.Verb, reading question: some Encodable & Sendable,
        environment: [String: String] = [:],
        _ said: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(AllocatorFault) -> [UInt8] {
        let program = HelperProgram(
            words: words + [verb.rawValue],
            environment: environment.merging(["SALLYPORT_POOL": pool]) { $1 }, folder: folder,
            outputLimit: AllocatorWire.maximumAnswer, limit: limit(of: verb), grace: grace,
            endsWithUs: verb == .allocate)
        let outcome: HelperProgram.Outcome
        do {
            outcome = try await program.run(reading: Array(try JSON.encode(question))) { said($0) }
        } catch HelperProgram.Failure.cancelled {
            throw .cancelled
        } catch {
            throw .noAnswer("\(error)")
        }
        guard outcome.status != .exited(0) else { return outcome.output }
        var spoken = SpokenLines()
        let lines = spoken.append(Array(outcome.errors.utf8)) + spoken.finish()
        throw .ended(outcome.status, lastLine: lines.last)
    }

    /// How long a verb can take.
    private func limit(of verb: AllocatorWire.Verb) -> Duration {
        switch verb {
        case .allocate: limit
        case .extend: extendLimit
        // Nothing else is known of the pool's machines meanwhile.
        case .list: .seconds(60)
        // It may have to make the machine new.
        case .release: .seconds(3600)
        }
    }

    /// Runs one verb, and reads its answer.
    func ask<Answer: Decodable>(
        _ verb: AllocatorWire.Verb, _ question: some Encodable & Sendable,
        environment: [String: String] = [:], for answer: Answer.Type = Answer.self,
        _ said: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(AllocatorFault) -> Answer {
        let output = try await run(verb, reading: question, environment: environment, said)
        do {
            return try JSON.decode(Answer.self, from: Data(output))
        } catch {
            throw .noAnswer(JSON.complaint(about: error))
        }
    }
}

/// Why a verb has not been a success.
enum AllocatorFault: Error, Equatable {
    case ended(HelperProgram.Outcome.Status, lastLine: String?)
    /// It could not be run, took too long, or its answer is not as described.
    case noAnswer(String)
    case cancelled

    /// For administrators. It can quote the program.
    var cause: String {
        switch self {
        case .ended(let status, let line):
            "the allocator has ended with \(status)\(line.map { ": \($0)" } ?? "")"
        case .noAnswer(let reason): "the allocator: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}
