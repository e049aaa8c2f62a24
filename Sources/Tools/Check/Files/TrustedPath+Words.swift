import Glibc
import HelperPrograms

extension TrustedPath {
    /// What is wrong with the path of a file of this gateway's, as sshd sees it.
    static func faults(of path: String) -> [Fault] { faults(of: path, trustsGroupOfRoot: true) }
}

extension TrustedPath.Fault {
    /// Whether it is there, and others can change it.
    var isOpen: Bool {
        switch self {
        case .owner, .writable: true
        case .missing, .loop: false
        }
    }

    /// What is so and, if others can change it, what follows.
    func finding(whereOpen consequence: String) -> String { isOpen ? "\(finding): \(consequence)" : finding }

    /// What is so.
    var finding: String {
        switch self {
        case .missing(let path, let number): "\(path): \(String(cString: strerror(number)))"
        case .owner(let path, let user): "\(path) belongs to \(UserNames.name(of: user)), who can change it"
        case .writable(let path, let mode):
            mode & 0o002 != 0 ? "everybody can write to \(path)" : "the group of \(path) can write to it"
        case .loop(let path): "\(path) is a link that leads nowhere"
        }
    }

    var remedy: String {
        switch self {
        case .missing(let path, _): "Install Sallyport again: make install puts \(path) there."
        case .owner(let path, _): "chown --no-dereference root: \(path)"
        case .writable(let path, _): "chmod go-w \(path)"
        case .loop(let path): "Remove \(path), and install Sallyport again."
        }
    }
}
