import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import HelperPrograms
import Presentation

/// Whether the build service that comes with Sallyport can start builders here.
struct RunnerCheck: Sendable {
    var configuration: Configuration.Runner
    /// The configuration file.
    var file: String
    /// The path of sallyport-runner.
    var program: String

    /// Whether the gateway's build service is the runner of this host.
    static func isHere(_ configuration: Configuration, program: String) -> Bool {
        configuration.service.url == "unix:\(configuration.runner.socket)" && access(program, X_OK) == 0
    }

    func results() async -> [CheckResult] {
        var status = stat()
        guard stat(configuration.stateDirectory, &status) == 0 else {
            return [
                .fail(
                    "runner.state", "\(configuration.stateDirectory): \(String(cString: strerror(errno)))",
                    remedy:
                        "install -d --owner=sallyport --group=sallyport --mode=0750 \(configuration.stateDirectory)"
                )
            ]
        }
        guard status.st_uid != 0, let entry = getpwuid(status.st_uid) else {
            return [
                .fail(
                    "runner.state",
                    "\(configuration.stateDirectory) belongs to \(UserNames.name(of: status.st_uid)), so the runner cannot run as a "
                        + "user of its own", remedy: "chown -R sallyport: \(configuration.stateDirectory)")
            ]
        }
        let user = status.st_uid
        var results = [stateResult(status, owner: String(cString: entry.pointee.pw_name))]
        results += await hostResults(as: user, group: entry.pointee.pw_gid)
        for (name, pool) in configuration.pools.sorted(by: { $0.key < $1.key }) where pool.kind == .command {
            results.append(await poolResult(name, pool, as: user))
        }
        return results
    }

    // MARK: The state folder

    private func stateResult(_ status: stat, owner: String) -> CheckResult {
        let check = "runner.state"
        let folder = configuration.stateDirectory
        guard status.st_mode & 0o007 == 0 else {
            return .warn(
                check, "everybody on this host can look into \(folder): jobs, keys and logs",
                remedy: "chmod 750 \(folder)")
        }
        var space = statvfs()
        guard statvfs(folder, &space) == 0 else {
            return .fail(
                check, "\(folder): \(String(cString: strerror(errno)))", remedy: "df \(folder)")
        }
        return Self.spaceResult(
            folder, owner: owner, free: Int(space.f_bavail) * Int(space.f_frsize))
    }

    /// - Parameter free: bytes.
    static func spaceResult(_ folder: String, owner: String, free: Int) -> CheckResult {
        let check = "runner.state"
        let left = "\(free >> 20) MiB are left in \(folder)"
        if free < 64 << 20 {
            return .fail(
                check, "\(left): the runner accepts nothing that it cannot store, and builders stand still",
                remedy: "Free some space: df \(folder)")
        }
        if free < 2 << 30 {
            return .warn(
                check, "\(left): builders' disks and logs grow there", remedy: "Free some space: df \(folder)"
            )
        }
        return .ok(check, "\(folder) belongs to \(owner); \(free >> 30) GiB are left in it")
    }

    // MARK: What the runner itself says

    /// As the unit runs it: with what it needs to give builders namespaces of their own.
    private func hostResults(as user: uid_t, group: gid_t) async -> [CheckResult] {
        let check = "runner.builders"
        if let fault = TrustedPath.faults(of: program).first {
            return [
                .fail(
                    check, fault.finding(whereOpen: "whoever can change it is the runner"),
                    remedy: fault.remedy)
            ]
        }
        let words = [
            "setpriv", "--reuid=\(user)", "--regid=\(group)", "--init-groups", "--no-new-privs",
            "--bounding-set=-all,+setuid,+setgid", "--inh-caps=-all,+setuid,+setgid",
            "--ambient-caps=-all,+setuid,+setgid", "--", program, "inspect", "--config", file,
        ]
        let said = await LocalCommand.run(words, within: .seconds(30))
        let inspection = (said?.output).flatMap { try? JSON.decode(HostInspection.self, from: Data($0.utf8)) }
        // EX_USAGE: it knows no `inspect`.
        if said?.status == 64 || (said?.succeeded == true && inspection == nil) {
            return [
                .fail(
                    check, "\(program) is of another version than this program",
                    remedy: "Install both from one version: make install")
            ]
        }
        guard let inspection else {
            let complaint = HostileText.printable(said?.complaint ?? "no answer within 30 s")
            return [
                .fail(
                    check, "the runner cannot start: \(complaint)", remedy: "journalctl -u sallyport-runner")
            ]
        }
        return Self.results(of: inspection)
    }

    static func results(of inspection: HostInspection) -> [CheckResult] {
        let check = "runner.builders"
        if let obstacle = inspection.obstacle {
            return [.fail(check, obstacle, remedy: "Do what it says, and restart the runner.")]
        }
        return inspection.facts.map { .ok(check, $0) }
            + inspection.warnings.map {
                .warn(check, $0, remedy: "Do what it says, and restart the runner.")
            } + [inspection.people.map(result(of:))].compactMap(\.self)
    }

    static func result(of people: HostInspection.SourceAnswer) -> CheckResult {
        let check = "runner.people"
        return switch people {
        case .answers(let sentence): .ok(check, sentence)
        case .fails(let sentence):
            .fail(check, sentence, remedy: "Mend the source that [people] names: docs/people.md.")
        }
    }

    // MARK: Allocators

    private struct Question: Encodable {
        var pool: String
    }

    private func poolResult(_ name: String, _ pool: Configuration.Runner.Pool, as user: uid_t) async
        -> CheckResult
    {
        let check = "runner.pool.\(name)"
        let question = (try? JSON.encode(Question(pool: name))).map { Array($0) } ?? []
        let said = await LocalCommand.run(
            pool.command + ["list"], as: user, reading: question, environment: ["SALLYPORT_POOL": name],
            within: .seconds(60))
        switch said?.status {
        case 0: return .ok(check, "\(pool.command.first ?? "") answers")
        // It keeps no list, which it may.
        case 64: return .ok(check, "\(pool.command.first ?? "") answers, and keeps no list")
        default:
            let complaint = HostileText.printable(said?.complaint ?? "no answer within a minute")
            return .fail(
                check, "the allocator of the pool \(name) does not answer: \(complaint)",
                remedy: "Try it as the runner: docs/allocators.md.")
        }
    }
}
