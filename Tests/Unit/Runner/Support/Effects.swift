import Audit

@testable import Runner

extension [Effect] {
    /// The records for the administrator among them.
    var audited: [(sentence: String, record: AuditRecord)] {
        compactMap { if case .audit(let sentence, let record) = $0 { (sentence, record) } else { nil } }
    }
}
