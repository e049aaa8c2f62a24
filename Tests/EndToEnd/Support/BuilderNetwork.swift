import TestBed

/// Where a builder's SSH server listens: in the network namespace of its QEMU, where root can go, and nobody else.
struct BuilderNetwork: Sendable {
    private let processFile: String

    /// The port there, on 127.0.0.1.
    static let port = 2222

    init(of job: String, in testBed: TestBed, runner: OwnRunner? = nil) {
        processFile = "\(runner?.state ?? testBed.state)/machines/\(job)/pidfile"
    }

    /// The words that run a command there, as root within the test bed.
    func words(_ command: [String]) -> [String] {
        ["/bin/sh", "-ec", #"exec nsenter --net --target "$(head -n 1 "$0")" "$@""#, processFile] + command
    }
}
