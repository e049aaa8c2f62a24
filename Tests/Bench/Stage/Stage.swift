import Foundation
import TestBed

/// Everything that the benchmarks log in to: Sallyport's gateway, a stock sshd, a gateway in Python, and a builder.
struct Stage: Sendable {
    let testBed: TestBed
    let scratch: Scratch
    /// A failed job whose builder is kept.
    let job: String
    /// Where sallyport-attach is.
    let script: String
    /// The port of the builder's SSH server, and one that is free.
    let builderPort: UInt16
    let reversedPort: UInt16

    /// The person who logs in.
    static let person = "alice"

    /// The command line of ssh to one of these hosts: `builds`, `stray` (a stock sshd with an authorized_keys file),
    /// `python`, `builder`, `proxied`: the builder, through the gateway's `proxy`, and `reversed`: the builder, through
    /// a port of the stock sshd.
    func ssh(_ words: String...) -> [String] { ["ssh", "-F", configuration] + words }

    var configuration: String { scratch.folder + "/ssh_config" }

    static func set(
        in testBed: TestBed, scratch: Scratch, contenders: String, script: String
    ) async throws -> Stage {
        let service = Operator(testBed: testBed)
        let added = try await service.addKey(of: person)
        guard added.status == 0 else { throw TestBedError("no key was added", log: "\(added)") }
        // The person can also log in to the builder directly, for comparison.
        let job = try await failedJob(
            image: Scratch.image,
            script: "cat '\(testBed.client)/\(person).pub' >> authorized_keys; exit 1", in: testBed)
        guard let builder = try await service.job(job).builder, let port = builder.port else {
            throw TestBedError("job \(job) has no builder", log: await testBed.logTails())
        }
        let stage = Stage(
            testBed: testBed, scratch: scratch, job: job, script: script, builderPort: port,
            reversedPort: try TestBed.freePort())
        let python = try await PythonGateway.start(in: testBed, contenders: contenders)
        try stage.writeConfiguration(port: port, hostKeys: builder.hostKeys, python: python)
        return stage
    }

    /// A failed job whose builder is kept.
    func failedJob(image: String, script: String) async throws -> String {
        try await Self.failedJob(image: image, script: script, in: testBed)
    }

    private static func failedJob(image: String, script: String, in testBed: TestBed) async throws -> String {
        let job = try await Operator(testBed: testBed).submit(
            """
            image: \(image)
            tasks:
              - fail: |
                  \(script)

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]))
        guard log.status == 1 else {
            throw TestBedError("job \(job) has not failed", log: "\(log)\n\(await testBed.logTails())")
        }
        return job
    }

    /// One cipher for all connections, which is also libssh's first choice between gateway and builder.
    private func writeConfiguration(port: UInt16, hostKeys: [String], python: Int) throws {
        let text = """
            Host builder
                Port \(port)
            Host proxied
                ProxyCommand ssh -F \(configuration) builds proxy \(job)
                HostKeyAlias [127.0.0.1]:\(port)
            Host reversed
                Port \(reversedPort)
                ProxyCommand ssh -F \(configuration) -W 127.0.0.1:\(reversedPort) stray
                HostKeyAlias [127.0.0.1]:\(port)
            Host python
                Port \(python)
                HostKeyAlias [127.0.0.1]:\(testBed.port(of: .builds))
            Host builder proxied reversed python
                IdentityFile \(testBed.client)/\(Self.person)
            Host *
                Ciphers aes128-gcm@openssh.com
                UserKnownHostsFile \(scratch.folder)/known_hosts
            Include \(testBed.client)/ssh_config

            """
        let known = try String(contentsOfFile: "\(testBed.client)/known_hosts", encoding: .utf8)
        let key = hostKeys.map { "[127.0.0.1]:\(port) \($0)\n" }.joined()
        try text.write(toFile: configuration, atomically: false, encoding: .utf8)
        try (known + key).write(
            toFile: scratch.folder + "/known_hosts", atomically: false, encoding: .utf8)
    }
}
