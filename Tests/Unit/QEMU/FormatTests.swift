import BuildAPI
import BuilderSocket
import Foundation
import Provider
import SystemPackage
import Testing

@testable import QEMU

/// Tests that need no virtual machine.
@Suite struct FormatTests {
    @Test(arguments: [
        ("processor: 0\nbogomips\t: 4999.99\n", 2_499_995),
        ("bogomips\t: 5000.00\n", 2_500_000),
        ("bogomips\t: lots\n", nil),
        ("bogomips\t: 0.01\n", nil),
        ("cpu MHz: 800\n", nil),
    ])
    func theFrequencyComesFromBogomips(text: String, expected: Int?) {
        #expect(HostClock.frequency(fromProcessorInformation: text) == expected)
    }

    @Test func aPathInQEMUsOptionsKeepsItsCommas() {
        let command = EmulatorCommand(
            kernel: "/k", initramfs: "/i", accelerator: .tcg, memory: 256, processors: 1)
        let arguments = command.machine(in: MachineFolder(path: "/a,b"), port: 7)
        #expect(arguments.contains("user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:7-:22"))
        // The process of a job is found by it.
        #expect(arguments.starts(with: ["-name", "/a,,b/"]))
    }

    @Test func aMachineCanBeReachedFromElsewhere() {
        var command = EmulatorCommand(
            kernel: "/k", initramfs: "/i", accelerator: .tcg, memory: 256, processors: 1)
        command.place = HostPort(address: "0.0.0.0", ports: 22000...22999)
        let arguments = command.machine(in: MachineFolder(path: "/m"), port: 22007)
        #expect(arguments.contains("user,id=network,restrict=on,hostfwd=tcp:0.0.0.0:22007-:22"))
    }

    @Test func onlyAFreePortOfTheRangeIsPicked() throws {
        let first = try HostPort.loopback.pick()
        let range = first...min(first + 20, 65535)
        #expect(range.contains(try HostPort(address: "127.0.0.1", ports: range).pick()))
        // Somebody listens there.
        let taken = try ListeningPort()
        #expect(throws: MachineError.self) {
            try HostPort(address: "127.0.0.1", ports: taken.port...taken.port).pick()
        }
        #expect(throws: MachineError.self) { try HostPort(address: "no address").pick() }
    }

    @Test func anIsolatedQEMUKnowsNoPathOfTheHost() {
        let command = EmulatorCommand(
            kernel: "/host/k", initramfs: "/host/i", accelerator: .tcg, memory: 256, processors: 1,
            namespace: BuilderNamespace(path: "/proc/1/fd/3"))
        let folder = MachineFolder(path: "/m=1")
        let arguments = command.machine(in: folder, port: nil)
        #expect(arguments.contains("user,id=network,restrict=on,hostfwd=tcp::2222-:22"))
        #expect(arguments.filter { $0.contains("/host") } == [])
        #expect(arguments.contains("/image/vmlinuz") && arguments.contains("/initramfs"))
        #expect(arguments.dropFirst(2).filter { $0.contains("/m=1") } == [])
        #expect(arguments.contains("socket,id=monitor,fd=3,server=on,wait=off"))
        let started = command.confinement(in: folder).arguments(
            running: "qemu", arguments, network: nil)
        #expect(started.contains("--net"))
        #expect(started.contains("--user=/proc/1/fd/3") && started.contains("/host/k=/image/vmlinuz"))
    }

    /// The host's own port then leads to the machine, as with a QEMU that is the runner's user.
    @Test func whereThereAreNoNetworkNamespacesQEMUIsInTheHosts() throws {
        let namespace = BuilderNamespace(path: "/proc/1/fd/3", networkObstacle: "none")
        let confinement = Confinement(folder: MachineFolder(path: "/m"), namespace: namespace, longestFile: 0)
        #expect(!confinement.arguments(running: "qemu", [], network: nil).contains("--net"))
        var specification = MachineSpecification(
            folder: "/m", image: "/i", namespace: namespace, authorizedKeys: [], identity: "/k")
        #expect(!specification.hasOwnNetwork)
        specification.network = .outbound
        #expect(specification.hasOwnNetwork)
        #expect(specification.socket.path == "/m/builder.sock")
    }

    /// A record of version 1.0 has a port.
    @Test func aMachineIsFoundWhereItsRecordSays() throws {
        func endpoint(_ place: String) throws -> Job.Builder.Endpoint? {
            let text = #"{\#(place) "hostKeys": [], "identity": "/i"}"#
            return try JSONDecoder().decode(MachineRecord.self, from: Data(text.utf8)).endpoint
        }
        #expect(try endpoint(#""port": 4022,"#) == .address("127.0.0.1", port: 4022))
        #expect(try endpoint(#""socket": {"path": "/run/s", "gateway": 998},"#) == .socket(path: "/run/s"))
        #expect(try endpoint(#""port": 70000,"#) == nil)
        #expect(try endpoint("") == nil)
    }

    @Test(
        "the state and the start of a process, whatever its name is",
        arguments: ["(qemu)", "(a) S 1 (b)", "( ) Z )"])
    func processStatus(name: String) {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"
        let running = ProcessStatus("77 \(name) S \(rest) 4711 0 0\n")
        #expect(running?.isZombie == false && running?.start == "4711")
        #expect(ProcessStatus("77 \(name) Z \(rest) 4711 0 0\n")?.isZombie == true)
        #expect(ProcessStatus("77 \(name) S 1") == nil)
        #expect(ProcessStatus("") == nil)
    }

    @Test func whatANetworkHasCarriedIsRead() {
        func counter(_ name: String, _ packets: Int, _ bytes: Int) -> String {
            #"{"counter": {"family": "inet", "name": "\#(name)", "packets": \#(packets), "bytes": \#(bytes)}}"#
        }
        let all = [
            counter("sent", 5, 600), counter("received", 4, 7000), counter("deferred", 9, 540),
            counter("connections", 2, 120),
        ]
        func read(_ counters: [String]) -> NetworkTraffic? {
            NetworkMeter.traffic(
                from: #"{"nftables": [{"metainfo": {"version": "1.0.6"}}, "#
                    + counters.joined(separator: ", ")
                    + "]}")
        }
        #expect(read(all) == NetworkTraffic(connections: 2, deferred: 9, bytesSent: 600, bytesReceived: 7000))
        #expect(read(Array(all.dropLast())) == nil)
        #expect(NetworkMeter.traffic(from: "") == nil)
    }

    @Test func whatIsDeniedIsInTheRules() {
        let limits = OutboundLimits(
            denied: ["198.41.0.4", "8.8.8.0/24"], connectionsPerSecond: 7, bytes: 4096)
        let lines = limits.rules.split(separator: "\n").map { $0.drop { $0 == " " } }
        for line in [
            "ip daddr 198.41.0.4 reject comment \"outbound_deny\"", "quota volume { over 4096 bytes }",
            "ip daddr 8.8.8.0/24 reject comment \"outbound_deny\"", "tcp dport 25 reject comment \"mail\"",
            "ct state new limit rate over 7/second burst 7 packets counter name deferred drop",
        ] {
            #expect(lines.contains(line[...]), "\(limits.rules)")
        }
        #expect(OutboundLimits().rules.split(separator: "\n").count == lines.count - 2)
    }

    @Test func aDiskMayGrowToItsSizeAndNotMuchMore() throws {
        let header = Data(
            [0x51, 0x46, 0x49, 0xfb] + [UInt8](repeating: 0, count: 20) + [0, 0, 0, 2, 0, 0, 0, 0])
        #expect(DiskImage.size(fromHeader: header) == 8 << 30)
        #expect(DiskImage.size(fromHeader: header.dropLast()) == nil)
        #expect(DiskImage.size(fromHeader: Data(count: 32)) == nil)
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ data: Data) throws -> FilePath {
            try data.write(to: folder.appending(path: "root.qcow2"))
            return FilePath(folder.path + "/root.qcow2")
        }
        let disk = try #require(try DiskImage(try file(header)))
        #expect(disk.size == 8 << 30)
        #expect((disk.size..<disk.size / 100 * 102).contains(disk.longestOverlay))
        #expect(try DiskImage("/no/such/file") == nil)
        let other = try file(Data(repeating: 0x4d, count: 64))
        #expect(throws: MachineError.self) { try DiskImage(other) }
    }

    @Test func aFailureTellsStrangersNothing() {
        let error = MachineError(.startFailed, detail: "/secret/path")
        #expect(!error.description.contains("secret"))
        #expect(error.debugDescription.contains("secret"))
    }
}

/// A port of the loopback on which this process listens.
private final class ListeningPort {
    let port: Int
    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        try #require(isListening)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
