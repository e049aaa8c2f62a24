import BuildAPI
import Synchronization

/// Limits how many answers that last, such as followed logs, there are at once: for each person, and for each client.
final class StreamLimit: Sendable {
    /// For a client (a user of this machine, a token). It always has connections left for requests that are
    /// answered at once.
    static let ofClient = ConnectionLimit.known * 3 / 4

    fileprivate enum Counted: Hashable {
        case person(String)
        case client(String)
    }

    private let ofPerson: Int
    private let counts = Mutex<[Counted: Int]>([:])

    init(ofPerson: Int) {
        self.ofPerson = ofPerson
    }

    /// An answer that counts as long as this object lives.
    final class Stream: Sendable {
        private let limit: StreamLimit
        private let counted: [Counted]

        fileprivate init(_ limit: StreamLimit, _ counted: [Counted]) {
            self.limit = limit
            self.counted = counted
        }

        deinit { limit.end(counted) }
    }

    /// - Parameters:
    ///   - person: the id of whom the answer is for; nil: the client asks for itself.
    ///   - client: as ``Authentication/Client`` names it.
    func begin(for person: String?, of client: String) throws(RunnerError) -> Stream {
        let counted = (person.map { [Counted.person($0)] } ?? []) + [.client(client)]
        let full = counts.withLock { counts -> Counted? in
            let full = counted.first { counts[$0, default: 0] >= limit(of: $0) }
            if full == nil { for one in counted { counts[one, default: 0] += 1 } }
            return full
        }
        switch full {
        case nil: return Stream(self, counted)
        case .person:
            throw RunnerError(
                .tooMany(.init(what: "streams", limit: ofPerson)),
                "This person already follows \(ofPerson) logs and jobs, which is the limit: end some of them."
            )
        case .client:
            throw RunnerError(
                .tooMany(.init(what: "streams", limit: Self.ofClient)),
                "People already follow \(Self.ofClient) logs and jobs through this gateway, which is the limit."
            )
        }
    }

    /// The ids of the people who follow something.
    var people: Set<String> {
        counts.withLock { counts in
            Set(
                counts.keys.compactMap { counted in
                    if case .person(let id) = counted { id } else { nil }
                })
        }
    }

    private func limit(of counted: Counted) -> Int {
        switch counted {
        case .person: ofPerson
        case .client: Self.ofClient
        }
    }

    private func end(_ counted: [Counted]) {
        counts.withLock { counts in
            for one in counted {
                let rest = counts[one, default: 1] - 1
                counts[one] = rest == 0 ? nil : rest
            }
        }
    }
}
