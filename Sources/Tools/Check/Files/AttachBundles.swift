import FoundationEssentials
import Glibc

/// How old the archives are that `attach-bundle` hands out: they have libraries of their own, which nobody updates.
enum AttachBundles {
    static let check = "gateway.attach-bundle"
    /// Older ones miss security updates.
    static let freshness = 90

    static func result(_ folder: String, now: Int = time(nil)) -> CheckResult {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasPrefix("sallyport-attach") && $0.hasSuffix(".tar.gz") }.sorted()
        guard !names.isEmpty else { return .ok(check, "there are no bundles for machines that dial out") }
        for name in names {
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0 else { continue }
            let days = (now - status.st_mtim.tv_sec) / 86_400
            guard days > freshness else { continue }
            return .warn(
                check,
                "\(folder)/\(name) is \(days) days old: its OpenSSH and libraries miss security updates",
                remedy: "make attach-bundle && make install-bundle")
        }
        return .ok(check, "the bundles in \(folder) are not older than \(freshness) days")
    }
}
