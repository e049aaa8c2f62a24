import Presentation

extension PeopleSource {
    /// Asks about a key that nobody has. A source that can only be asked for names is asked for the first that it lists.
    func trial() async -> HostInspection.SourceAnswer {
        do throws(SourceFailure) {
            switch try await holder(of: "SHA256:\(String(repeating: "A", count: 43))") {
            case .nobody: return .answers("the source of people answers: a key that nobody has is nobody's")
            case .person(let person):
                return .fails("the source of people says that a key which nobody has is \(person.name)'s")
            case .someone(let names):
                guard let name = names.first else { return .answers("the source of people lists nobody") }
                let person = try await self.person(named: name)
                let keys = person.map { "has \($0.keys.count.counted("key"))" } ?? "is nobody"
                return .answers("the source of people answers: \(name), one of \(names.count), \(keys)")
            }
        } catch {
            return .fails("the source of people does not answer: \(error.cause)")
        }
    }
}
