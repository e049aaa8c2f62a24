import BuildAPI
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage
import TaskChannel

/// People from a program, which is run once for each question: JSON on its standard input, JSON on its standard output.
struct ProgramSource: PeopleSource {
    /// The program's path and its arguments.
    let words: [String]
    /// Then it is killed, with everything that it has started.
    var limit = Duration.seconds(10)

    func person(named name: String) async throws(SourceFailure) -> SourcedPerson? {
        let person = try await ask(["name": name])
        guard person.map({ Person.isSame($0.name, name) }) != false else {
            throw SourceFailure("asked for \(name), it has answered about \(person?.name ?? "")")
        }
        return person
    }

    func holder(of fingerprint: String) async throws(SourceFailure) -> KeyHolder {
        try await ask(["fingerprint": fingerprint]).map { .person($0) } ?? .nobody
    }

    private func ask(_ question: [String: String]) async throws(SourceFailure) -> SourcedPerson? {
        let outcome = try await run(reading: question)
        switch outcome.status {
        case .exited(0): return try SourcedPerson.answer(outcome.output)
        default:
            throw SourceFailure("\(words[0]) has ended with \(outcome.status): \(outcome.errors)")
        }
    }

    private struct Outcome: Sendable {
        let status: TerminationStatus
        let output: [UInt8]
        let errors: String
    }

    private func run(reading question: [String: String]) async throws(SourceFailure) -> Outcome {
        // It inherits nothing.
        let environment = Environment.custom([
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
        ])
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)
        ]
        do {
            let input = try Self.pipe(holding: try JSON.encode(question) + Data("\n".utf8))
            let outcome = try await within(limit) { [options] () async throws -> Outcome in
                let result = try await Subprocess.run(
                    .path(FilePath(words[0])), arguments: Arguments(Array(words.dropFirst())),
                    environment: environment, platformOptions: options,
                    input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                    output: .bytes(limit: SourcedPerson.maximumSize), error: .string(limit: 1 << 16))
                return Outcome(
                    status: result.terminationStatus, output: result.standardOutput,
                    errors: result.standardError)
            }
            guard let outcome else { throw SourceFailure("\(words[0]) gives no answer within \(limit)") }
            return outcome
        } catch let failure as SourceFailure {
            throw failure
        } catch {
            throw SourceFailure("\(words[0]): \(error)")
        }
    }

    /// A pipe with the question in it, so that a program that does not read it does no harm.
    private static func pipe(holding question: Data) throws -> FileDescriptor {
        let (input, output) = try FileDescriptor.pipe()
        // Another program that starts meanwhile must not keep it open.
        for end in [input, output] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        return try output.closeAfter {
            do {
                // A pipe takes more than a question has.
                try output.writeAll(question)
                return input
            } catch {
                try? input.close()
                throw error
            }
        }
    }
}
