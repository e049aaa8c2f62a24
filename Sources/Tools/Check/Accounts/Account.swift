import FoundationEssentials
import Glibc

/// A user of this host, as far as sshd looks at it.
struct Account: Equatable, Sendable {
    var name: String
    var user: uid_t
    var group: gid_t
    var home: String
    var shell: String
    /// `!`: locked. Nil: it is not in /etc/shadow.
    var password: String?

    init(name: String, user: uid_t, group: gid_t, home: String, shell: String, password: String?) {
        (self.name, self.user, self.group) = (name, user, group)
        (self.home, self.shell, self.password) = (home, shell, password)
    }

    /// Nil: there is none.
    init?(_ name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.name = name
        user = entry.pointee.pw_uid
        group = entry.pointee.pw_gid
        home = String(cString: entry.pointee.pw_dir)
        shell = String(cString: entry.pointee.pw_shell)
        let shadow = FileManager.default.contents(atPath: "/etc/shadow").map {
            String(decoding: $0, as: UTF8.self)
        }
        password = shadow.flatMap { Self.password(of: name, inShadow: $0) }
    }

    /// From the lines of /etc/shadow, `name:password:…` (shadow(5)).
    static func password(of name: String, inShadow text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            if fields.count == 3, fields[0] == name { return String(fields[1]) }
        }
        return nil
    }

    /// The names of its groups.
    var groups: [String] {
        var numbers = [gid_t](repeating: 0, count: 1024)
        var count = Int32(numbers.count)
        guard getgrouplist(name, group, &numbers, &count) >= 0 else { return [] }
        return numbers.prefix(Int(count)).compactMap { number in
            getgrgid(number).map { String(cString: $0.pointee.gr_name) }
        }
    }

    /// Whether a login to it gets as far as sshd's question for keys.
    ///
    /// - Parameter usesPAM: sshd's `UsePAM`.
    func result(usesPAM: Bool) -> CheckResult {
        let check = "account.\(name)"
        if access(shell, X_OK) != 0 {
            return .fail(
                check, "the login shell of \(name), \(shell), cannot be executed: sshd refuses the account",
                remedy: "usermod --shell \(Installation.programs)/sallyport-shell \(name)")
        }
        if let password, password.hasPrefix("!"), !usesPAM {
            return .fail(
                check, "\(name) is locked: without PAM, sshd refuses the account",
                remedy: "usermod --password '*' \(name)")
        }
        for file in ["/etc/nologin", "/run/nologin"] where usesPAM || file == "/etc/nologin" {
            guard access(file, F_OK) == 0 else { continue }
            return .fail(
                check, "\(file) exists: sshd lets nobody in but root", remedy: "rm \(file)")
        }
        guard shell.hasSuffix("/sallyport-shell") else {
            return .warn(
                check,
                "the login shell of \(name) is \(shell): it is no second barrier behind the forced command",
                remedy: "usermod --shell \(Installation.programs)/sallyport-shell \(name)")
        }
        return .ok(check, "sshd lets \(name) in as far as its keys, and its shell is \(shell)")
    }
}
