import FoundationEssentials

/// Where Sallyport is installed: below the prefix of this program, `PREFIX/bin/sallyport`.
enum Installation {
    /// The folder of the programs that sshd starts, and of the runner.
    static let programs: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return programs(besideTool: own) ?? "/usr/local/libexec/sallyport"
    }()

    static func programs(besideTool path: String) -> String? {
        let name = "/bin/sallyport"
        return path.hasSuffix(name) ? path.dropLast(name.count) + "/libexec/sallyport" : nil
    }
}
