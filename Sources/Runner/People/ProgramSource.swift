import BuildAPI
import FoundationEssentials
import HelperPrograms

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
        let program = HelperProgram(words: words, outputLimit: SourcedPerson.maximumSize, limit: limit)
        let outcome: HelperProgram.Outcome
        do {
            outcome = try await program.run(reading: Array(try JSON.encode(question) + Data("\n".utf8)))
        } catch {
            throw SourceFailure("\(words[0]): \(error)")
        }
        switch outcome.status {
        case .exited(0): return try SourcedPerson.answer(outcome.output)
        default:
            throw SourceFailure("\(words[0]) has ended with \(outcome.status): \(outcome.errors)")
        }
    }
}
