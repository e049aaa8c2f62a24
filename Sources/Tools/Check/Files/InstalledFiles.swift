import ConfigurationFile
import FoundationEssentials
import Glibc
import HelperPrograms

/// Whether the files on which a login depends are there, and only root can change them.
struct InstalledFiles: Sendable {
    var programs: String
    var configuration: String

    /// - Parameter folder: of the dispatcher.
    init(programs folder: String, configuration: String) {
        programs = folder
        self.configuration = configuration
    }

    var results: [CheckResult] {
        ["sallyport-dispatch", "sallyport-lookup", "sallyport-shell"].map {
            result("file.\($0)", "\(programs)/\($0)", isProgram: true)
        } + [result("file.configuration", configuration, isProgram: false)]
    }

    private func result(_ check: String, _ path: String, isProgram: Bool) -> CheckResult {
        if let fault = TrustedPath.faults(of: path).first {
            let consequence =
                check == "file.sallyport-dispatch"
                ? "sshd does not start it" : "whoever can change it decides what people's logins run"
            return .fail(check, fault.finding(whereOpen: "\(consequence)"), remedy: fault.remedy)
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return .fail(check, "\(path) is not a file", remedy: "make install")
        }
        if isProgram, status.st_mode & 0o005 != 0o005 {
            return .fail(check, "not everybody can execute \(path)", remedy: "chmod 755 \(path)")
        }
        return .ok(check, "only root can change \(path)")
    }
}
