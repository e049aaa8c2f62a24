import Foundation
public import Provider
public import SystemPackage
import TaskChannel

extension Machine {
    /// Starts a machine. Returns when QEMU runs; the guest is then booting.
    public static func start(_ specification: MachineSpecification) async throws(MachineError) -> Machine {
        guard !specification.endsWithUs || !specification.hasOwnNetwork && specification.namespace == nil
        else {
            throw MachineError(.startFailed, detail: "a machine in the foreground has no namespaces")
        }
        let folder = MachineFolder(path: specification.folder)
        let files = MachineSpecification.files(ofImage: specification.image)
        if let fault = BuilderHost.startFault(inImage: specification.image) {
            throw MachineError(.imageMissing, detail: fault)
        }
        let disk = try DiskImage(files.disk)
        try folder.create()
        folder.removeTraces()

        let hardware = ImageContents(specification.image).hardware ?? .host
        var accelerator = hardware.isForeign ? .tcg : specification.accelerator
        if accelerator == .automatic {
            accelerator = try await AcceleratorProbe.shared.resolve(
                image: specification.image, in: specification.namespace,
                endsWithUs: specification.endsWithUs)
        }
        let hostKeys: [String]
        do throws(MachineError) {
            hostKeys = try await makeHostKeys(in: folder)
            try await specification.hostCertificate?.sign(folder.hostKeys.map(\.publicFile))
            try writeInitramfs(specification, common: files.initramfs, in: folder)
        } catch {
            folder.removeTraces()
            throw error
        }
        // Nothing needs them after this, whether QEMU has started or not.
        defer { folder.removeSecrets() }

        var emulator = EmulatorCommand(
            hardware: hardware, kernel: files.kernel, initramfs: folder.initramfs, disk: disk,
            accelerator: accelerator, memory: specification.memory, processors: specification.processors,
            network: specification.network, place: specification.place, namespace: specification.namespace)
        // Whoever waits for its end has counted how much memory it takes: 256 MiB and the guest's.
        if specification.endsWithUs { emulator.translationBuffer = 128 }
        let (record, monitor) = try await launch(
            emulator, specification, in: folder, hostKeys: hostKeys)
        guard let endpoint = record.endpoint else { throw MachineError(.startFailed, detail: "no endpoint") }
        return Machine(folder: folder, record: record, at: endpoint, monitor: monitor)
    }

    /// Finds a machine that an earlier process has started.
    ///
    /// Nil if it is gone; then its files are removed. A machine whose QEMU lives but does not
    /// answer is useless, and is ended.
    public static func adopt(folder path: FilePath) async -> Machine? {
        let folder = MachineFolder(path: path)
        if let record = MachineRecord.read(from: folder), let endpoint = record.endpoint {
            // The earlier process may have died before it sealed the folder.
            if let monitor = try? await MonitorConnection.connect(to: folder.monitorSocket),
                (try? folder.seal()) != nil
            {
                return Machine(folder: folder, record: record, at: endpoint, monitor: monitor)
            }
        }
        await endUnanswering(folder)
        return nil
    }

    private static func endUnanswering(_ folder: MachineFolder) async {
        let process = EmulatorProcess(folder: folder)
        if let identified = process.identify() {
            await process.waitUntilGone(identified, gracePeriod: .zero)
        }
        folder.removeTraces()
    }

    /// Makes the machine's host keys; returns their public halves, `<type> <base64>`.
    private static func makeHostKeys(in folder: MachineFolder) async throws(MachineError) -> [String] {
        var keys: [String] = []
        for key in folder.hostKeys { keys.append(try await key.make()) }
        try folder.write(Data(SSHDestination.pins(keys).utf8), to: folder.knownHosts)
        return keys
    }

    /// Appends the machine's own archive to the common one; the kernel unpacks both.
    private static func writeInitramfs(
        _ specification: MachineSpecification, common: FilePath, in folder: MachineFolder
    ) throws(MachineError) {
        let keys = specification.authorizedKeys.map { $0 + "\n" }.joined()
        let watchdog = "\(specification.life) \(specification.grace)\n"
        let now = "\(Int(Date().timeIntervalSince1970))\n"
        var archive = CpioArchive()
        for key in folder.hostKeys {
            try key.add(to: &archive, isCertified: specification.hostCertificate != nil)
        }
        archive.addFolder("etc/sallyport")
        archive.addFile("etc/sallyport/authorized_keys", contents: Array(keys.utf8))
        archive.addFile("etc/sallyport/watchdog", contents: Array(watchdog.utf8))
        archive.addFile("etc/sallyport/time", contents: Array(now.utf8))
        if specification.network == .outbound {
            let resolver = "nameserver \(OutboundNetwork.nameServer)\n"
            archive.addFile("etc/resolv.conf", contents: Array(resolver.utf8))
        }
        var whole = try folder.read(common)
        whole.append(Data(count: (4 - whole.count % 4) % 4))
        whole.append(contentsOf: archive.finished())
        // QEMU reads it as another user; nobody else can enter the folder.
        try folder.write(
            whole, to: folder.initramfs, permissions: [.ownerReadWrite, .groupRead, .otherRead])
    }

    /// Starts QEMU, and what lets gateways reach the machine.
    private static func launch(
        _ emulator: EmulatorCommand, _ specification: MachineSpecification, in folder: MachineFolder,
        hostKeys: [String]
    ) async throws(MachineError) -> (MachineRecord, MonitorConnection) {
        let network =
            emulator.network == .none
            ? nil : OutboundNetwork(folder: folder, limits: specification.outbound)
        let launch = EmulatorLaunch(
            folder: folder, program: emulator.hardware.emulator,
            confinement: emulator.confinement(in: folder), network: network,
            endsWithUs: specification.endsWithUs)
        var record = MachineRecord(
            hostKeys: hostKeys, identity: specification.identity.string,
            accelerator: emulator.accelerator, isIsolated: emulator.namespace != nil,
            memory: specification.memory, hasNetwork: network != nil,
            allocation: specification.allocation?.description)
        var failure = MachineError(.startFailed, detail: "no free port")
        for _ in 0..<5 {
            if specification.hasOwnNetwork {
                record.socket = specification.socket
            } else {
                record.port = try specification.place.pick()
            }
            // Write the record first: if the runner dies right after QEMU has started, the next one can find the
            // machine.
            try record.write(to: folder)
            do throws(MachineError) {
                let process = try await launch.start(emulator.machine(in: folder, port: record.port))
                let monitor = try await launch.monitor(of: process)
                try folder.seal()
                if let socket = record.socket { try await KeptSocket(socket, of: folder).keep() }
                return (record, monitor)
            } catch {
                await endUnanswering(folder)
                failure = error
            }
            guard failure.detail.contains("host forwarding rule") else { break }
        }
        throw failure
    }

    /// The error for a program's messages. (It runs in the C locale.)
    static func failure(_ messages: String) -> MachineError {
        let error = MachineError(ofProgram: messages)
        guard error.code == .startFailed, messages.contains(OutboundNetwork.complaint) else { return error }
        return MachineError(.networkFailed, detail: messages)
    }
}
