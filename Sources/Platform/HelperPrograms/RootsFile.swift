import Glibc

/// A file that nobody but root can change or replace, as sshd demands it of its programs: sshd_config(5),
/// AuthorizedKeysCommand.
package enum RootsFile {
    /// What is wrong with it; nil: nothing.
    package static func objection(to path: String) -> String? { objection(to: path, for: R_OK, "read") }

    /// The same of a program, which can also be executed.
    package static func objection(toProgram path: String) -> String? {
        objection(to: path, for: X_OK, "executed")
    }

    private static func objection(to path: String, for mode: Int32, _ verb: String) -> String? {
        if let objection = objection(toEachStepOf: path) { return objection }
        guard access(path, mode) == 0 else {
            return "\(path) cannot be \(verb): \(String(cString: strerror(errno)))"
        }
        return nil
    }

    private static func objection(toEachStepOf path: String) -> String? {
        guard path.hasPrefix("/") else { return "\(path) must begin with a /" }
        switch TrustedPath.faults(of: path, trustsGroupOfRoot: false).first {
        case nil: return nil
        case .missing(let place, let number): return "\(place): \(String(cString: strerror(number)))"
        case .owner(let place, _), .writable(let place, _):
            return "\(place) must belong to root, and nobody else may be able to write to it"
        case .loop: return "\(path): \(String(cString: strerror(ELOOP)))"
        }
    }
}
