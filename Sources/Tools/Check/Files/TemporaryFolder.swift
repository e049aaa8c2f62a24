import Glibc

/// Whether sshd can tell the forced command which key has logged in: it writes that to a file in its /tmp, as the account.
enum TemporaryFolder {
    static let check = "sshd.tmp"

    /// - Parameter listener: the sshd whose /tmp counts; nil: this process's.
    static func result(account: Account, listener: pid_t?) -> CheckResult {
        let path = listener.map { "/proc/\($0)/root/tmp" } ?? "/tmp"
        var status = stat()
        guard stat(path, &status) == 0, isWritable(status, account) else {
            return .fail(
                check,
                "\(account.name) cannot write to /tmp, where sshd tells the forced command which key has logged in",
                remedy: "chmod 1777 /tmp")
        }
        return .ok(check, "\(account.name) can write to /tmp")
    }

    private static func isWritable(_ status: stat, _ account: Account) -> Bool {
        if status.st_uid == account.user { return status.st_mode & 0o300 == 0o300 }
        return status.st_mode & 0o003 == 0o003
    }
}
