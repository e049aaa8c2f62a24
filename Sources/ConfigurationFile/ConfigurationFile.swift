import Glibc

/// Reads `sallyport.toml`.
public enum ConfigurationFile {
    /// More than any configuration needs; what is larger is some other file.
    static let maximumSize = 1 << 20

    /// Reads and checks the file at `path`.
    ///
    /// - Parameter ownerMustBeRoot: refuses a file that somebody other than root could have written. The forced
    ///   command asks for it, since the path is an argument.
    public static func read(
        _ path: String, ownerMustBeRoot: Bool = false
    ) throws(ConfigurationError) -> Configuration {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                path: path, expected: "cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationError(path: path, expected: "expected a regular file")
        }
        if ownerMustBeRoot {
            guard status.st_uid == 0, status.st_mode & 0o022 == 0 else {
                throw ConfigurationError(
                    path: path, expected: "must belong to root and be writable by nobody else")
            }
        }
        guard status.st_size <= maximumSize else {
            throw ConfigurationError(path: path, expected: "is larger than 1 MB")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ConfigurationError(
                    path: path, expected: "cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= maximumSize else {
                throw ConfigurationError(path: path, expected: "is larger than 1 MB")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(path: path, expected: "expected UTF-8")
        }
        return try parse(text, path: path)
    }

    /// Checks the text of a configuration file. `path` is for error messages only.
    public static func parse(_ text: String, path: String) throws(ConfigurationError) -> Configuration {
        var document = try Document(text, path: path)
        let configuration = try configuration(from: &document)
        try document.refuseWhatNobodyAskedFor()
        return configuration
    }

    static func configuration(from document: inout Document) throws(ConfigurationError) -> Configuration {
        var service = Configuration.Service(url: "")
        service.kind = try document.choice("service", "kind", default: .sallyport)
        var sourcehut = Configuration.Sourcehut()
        let isSourcehut = service.kind == .sourcehut
        service.url = try document.serviceURL("service", "url", isNeeded: !isSourcehut)
        sourcehut.workerURL = try document.serviceURL("sourcehut", "worker_url", isNeeded: isSourcehut)
        sourcehut.metaURL = try document.serviceURL("sourcehut", "meta_url", isNeeded: isSourcehut)
        sourcehut.logs = try document.path("sourcehut", "logs")

        var configuration = Configuration(service: service)
        configuration.sourcehut = sourcehut
        configuration.builder.identity = try document.path(
            "builder", "identity", default: configuration.builder.identity)
        configuration.gateway.publicHost = try document.text("gateway", "public_host")
        configuration.gateway.publicPort = try document.number(
            "gateway", "public_port", in: 1...65535, default: configuration.gateway.publicPort)
        configuration.gateway.keyCache = try document.path(
            "gateway", "key_cache", default: configuration.gateway.keyCache)
        configuration.gateway.sessions = try document.path(
            "gateway", "sessions", default: configuration.gateway.sessions)

        var runner = Configuration.Runner()
        runner.stateDirectory = try document.path("runner", "state_dir", default: runner.stateDirectory)
        runner.socket = try document.path("runner", "socket", default: runner.socket)
        runner.account = try document.text("runner", "account") ?? runner.account
        runner.keysAccount = try document.text("runner", "keys_account") ?? runner.keysAccount
        runner.operatorGroup = try document.text("runner", "operator_group") ?? runner.operatorGroup
        runner.gatewayKeys = try document.texts("runner", "gateway_keys")
        runner.images = try document.path("runner", "images", default: runner.images)
        runner.accelerator = try document.choice("runner", "accel", default: runner.accelerator)
        runner.slots = try document.number("runner", "slots", in: 0...10_000)
        runner.memory = try document.number("runner", "memory", in: 128...1_048_576, default: runner.memory)
        runner.keep = try document.number("runner", "keep", in: 1...31_536_000, default: runner.keep)
        runner.lease = try document.number("runner", "lease", in: 3...86_400, default: runner.lease)
        runner.maxLife = try document.number(
            "runner", "max_life", in: 1...31_536_000, default: runner.maxLife)
        configuration.runner = runner
        return configuration
    }
}
