package import CounterFile

/// What becomes of a login to the gateway.
package enum LoginResult: Int, CaseIterable {
    /// Its command was allowed, and has begun.
    case letIn
    /// By a rule, or for something that the person can change.
    case refused
    /// By a fault of the gateway or the build service.
    case failed
    /// It was let in, and a fault has ended it.
    case failedLater

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

    func refused(_ refusal: Refusal) {
        switch result {
        case nil: add(refusal.isFault ? .failed : .refused)
        case .letIn where refusal.isFault: add(.failedLater)
        case .letIn, .refused, .failed, .failedLater: break
        }
    }

    private func add(_ result: LoginResult) {
        self.result = result
        count(result)
    }
}
