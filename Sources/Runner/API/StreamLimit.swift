import BuildAPI

/// Limits how many answers that last, such as followed logs, there are at once: for each person, and for each client.
final class StreamLimit: Sendable {
    /// For a client (a user of this machine, a token). It always has connections left for requests that are
    /// answered at once.
    static let ofClient = ConnectionLimit.ofClient * 3 / 4

    enum Counted: Hashable {
        case person(String)
        case client(String)
    }

    /// An answer that counts as long as this object lives.
    typealias Stream = Counts<Counted>.Place

    private let ofPerson: Int
    private let counts = Counts<Counted>()

    init(ofPerson: Int) {
        self.ofPerson = ofPerson
    }

    /// - Parameters:
    ///   - person: the id of whom the answer is for; nil: the client asks for itself.
    ///   - client: as ``Authentication/Client`` names it.
    func begin(for person: String?, of client: String) throws(RunnerError) -> Stream {
        let counted = person.map { [(key: Counted.person($0), limit: ofPerson)] } ?? []
        do throws(Counts<Counted>.Full) {
            return try counts.enter(counted + [(key: .client(client), limit: Self.ofClient)])
        } catch {
            let limit: Limit
            let sentence: String
            switch error.key {
            case .person:
                limit = .streamsPerPerson
                sentence =
                    "This person already follows \(error.limit) logs and jobs, which is the limit: end some of them."
            case .client:
                limit = .streamsPerClient
                sentence =
                    "People already follow \(error.limit) logs and jobs through this gateway, which is the limit."
            }
            throw RunnerError(.tooMany(.init(what: "streams", limit: error.limit)), sentence, limit: limit)
        }
    }

    /// How many each person follows; and all of them and the clients together.
    var numbers: (ofPeople: [Int], all: Int) {
        let numbers = counts.numbers
        let ofPeople = numbers.compactMap { if case .person = $0.key { $0.value } else { nil } }
        // Each counts once for its client.
        let all = numbers.reduce(0) { if case .client = $1.key { $0 + $1.value } else { $0 } }
        return (ofPeople, all)
    }

    /// The ids of the people who follow something.
    var people: Set<String> {
        Set(
            counts.keys.compactMap { counted in
                if case .person(let id) = counted { id } else { nil }
            })
    }
}
