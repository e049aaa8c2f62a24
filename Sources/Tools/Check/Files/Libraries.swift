import Glibc
import HelperPrograms

/// The shared libraries with which sallyport-shell is linked.
struct Libraries: Sendable {
    var results: [CheckResult]

    /// Debian's first release of libssh 0.10.6 in which a hostile builder cannot attack the client: the Makefile's LIBSSH_FLOOR.
    static let floor = "0.10.6-0+deb12u3"

    /// - Parameters:
    ///   - program: the path of sallyport-shell.
    ///   - account: whose program it is: ldd(1) may execute it.
    init(of program: String, as account: Account) async {
        results = [await Self.files(of: program, as: account)]
        if let version = await Self.version() { results.append(version) }
    }

    private static func files(of program: String, as account: Account) async -> CheckResult {
        let check = "file.libraries"
        guard let listed = await LocalCommand.run(["ldd", program], as: account.user), listed.succeeded else {
            return .fail(check, "\(program) cannot be loaded", remedy: "ldd \(program)")
        }
        let (paths, missing) = libraries(in: listed.output)
        guard missing.isEmpty else {
            return .fail(
                check, "\(program) needs \(missing.joined(separator: ", ")), which this host does not have",
                remedy: "apt install libssh-4 libcurl4")
        }
        for path in paths {
            guard let fault = TrustedPath.faults(of: path).first else { continue }
            return .fail(
                check,
                fault.finding(whereOpen: "whoever can change a library decides what people's logins run"),
                remedy: fault.remedy)
        }
        return .ok(check, "only root can change the \(paths.count) libraries of sallyport-shell")
    }

    /// From what ldd(1) prints: `libssh.so.4 => /lib/x86_64-linux-gnu/libssh.so.4 (0x…)`, `libx.so => not found`.
    static func libraries(in text: String) -> (paths: [String], missing: [String]) {
        var paths: [String] = []
        var missing: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            if line.hasSuffix("=> not found"), let name = words.first {
                missing.append(String(name))
            } else if let path = words.first(where: { $0.hasPrefix("/") }) {
                paths.append(String(path))
            }
        }
        return (paths, missing)
    }

    /// Where dpkg or rpm knows libssh; nil: neither does.
    private static func version() async -> CheckResult? {
        if let asked = await LocalCommand.run(["dpkg-query", "-W", "-f", "${Version}", "libssh-4"]),
            asked.succeeded,
            !asked.output.isEmpty
        {
            let compared = await LocalCommand.run(["dpkg", "--compare-versions", asked.output, "ge", floor])
            return result(asked.output, isEnough: compared?.succeeded == true)
        }
        guard let asked = await LocalCommand.run(["rpm", "-q", "--queryformat", "%{VERSION}", "libssh"]),
            asked.succeeded
        else { return nil }
        return result(asked.output, isEnough: isAtLeast(asked.output, floor))
    }

    private static func result(_ version: String, isEnough: Bool) -> CheckResult {
        let check = "file.libssh"
        guard isEnough else {
            return .fail(
                check, "libssh is \(version): a hostile builder could attack the gateway through it",
                remedy: "Install the security updates of libssh (apt-get update && apt-get install libssh-4)."
            )
        }
        return .ok(check, "libssh is \(version), and has to be \(floor) or later")
    }

    /// Compares versions as far as the first `-`, number by number.
    static func isAtLeast(_ version: String, _ floor: String) -> Bool {
        func numbers(_ text: String) -> [Int] {
            text.prefix { $0 != "-" }.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
        }
        return !numbers(version).lexicographicallyPrecedes(numbers(floor))
    }
}
