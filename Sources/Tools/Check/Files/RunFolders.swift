import ConfigurationFile
import Glibc

/// Whether the folders that the gateway's programs write to while they run are there, and theirs.
enum RunFolders {
    /// - Parameter keysUser: who looks keys up; nil: nobody does (admission `any`).
    static func results(_ configuration: Configuration.Gateway, account: Account, keysUser: Account?)
        -> [CheckResult]
    {
        var results = [
            result("gateway.sessions", configuration.sessions, owner: account),
            result("gateway.attached", configuration.attached, owner: account),
        ]
        if let file = configuration.audit.file {
            results.append(result("gateway.audit", folder(of: file), owner: account, mode: "0750"))
        }
        if configuration.recording.scope != .none {
            results.append(
                result("gateway.recordings", configuration.recording.folder, owner: account, mode: "0750"))
        }
        if let keysUser {
            results.append(result("gateway.key-cache", configuration.keyCache, owner: keysUser))
        }
        return results
    }

    private static func folder(of file: String) -> String {
        String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])
    }

    private static func result(
        _ check: String, _ path: String, owner: Account, mode: String = "0700"
    ) -> CheckResult {
        let make = "install -d --owner=\(owner.name) --mode=\(mode) \(path)"
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .fail(
                check, "\(path): \(String(cString: strerror(errno)))",
                remedy: "systemd-tmpfiles --create sallyport.conf, or \(make)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == owner.user, status.st_mode & 0o700 == 0o700
        else {
            return .fail(check, "\(path) is not a folder of \(owner.name)'s", remedy: make)
        }
        guard status.st_mode & 0o022 == 0 else {
            return .fail(
                check, "others than \(owner.name) can write to \(path)", remedy: "chmod \(mode) \(path)")
        }
        return .ok(check, "\(path) belongs to \(owner.name)")
    }
}
