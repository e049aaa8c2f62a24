package import CounterFile

/// What becomes of a login to the gateway.
package enum LoginResult: Int, CaseIterable {
    /// Its command was allowed, and has begun.
    case letIn
    /// By a rule, or for something that the person can change.
    case refused
    /// By a fault of the gateway or the build service.
    case failed
    /// It was let in, and a fault has kept its command from what it was for: above all, from entering a builder.
    case failedOutside
    /// A fault has ended it when the person was inside a builder.
    case failedInside
    /// Nobody could tell whose the key is, because the service's source of people does not answer. Any stranger's key comes to this.
    case unidentified
    /// The person has entered a builder.
    case entered

    /// Where they are counted.
    ///
    /// - Parameter sessions: the folder that belongs to the account.
    package static func file(in sessions: String) -> CounterFile<LoginResult> {
        CounterFile("@logins", in: sessions)
    }
}

/// Counts one login.
final class LoginCount {
    private let count: (LoginResult) -> Void
    private var result: LoginResult?
    private var isInside = false

    /// - Parameter sessions: the folder that belongs to the account.
    convenience init(in sessions: String) {
        self.init(LoginResult.file(in: sessions).count)
    }

    init(_ count: @escaping (LoginResult) -> Void) {
        self.count = count
    }

    func letIn() {
        if result == nil { add(.letIn) }
    }

    func entered() {
        guard !isInside else { return }
        isInside = true
        count(.entered)
    }

    func refused(_ refusal: Refusal) {
        switch result {
        case nil where refusal.isAboutUnknownPeople: add(.unidentified)
        case nil: add(refusal.isFault ? .failed : .refused)
        case .letIn where refusal.isFault: add(isInside ? .failedInside : .failedOutside)
        case .letIn, .refused, .failed, .failedOutside, .failedInside, .unidentified, .entered: break
        }
    }

    private func add(_ result: LoginResult) {
        self.result = result
        count(result)
    }
}
