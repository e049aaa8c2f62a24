import Foundation
public import SystemPackage

/// Finds out whether KVM works here, by booting our own guest with it.
///
/// That /dev/kvm exists and opens proves nothing: on some hosts the guest then hangs silently. The
/// result is kept for this process and, if possible, for this boot of the host, in a file next to the image.
public actor AcceleratorProbe {
    public static let shared = AcceleratorProbe()

    private var answers: [FilePath: Task<Accelerator, Never>] = [:]

    /// What `automatic` means on this host.
    ///
    /// - Parameters:
    ///   - namespace: in which the builders run, whose account can have less access than the runner.
    ///   - report: is told the answer when it is found, once for each image.
    public func resolve(
        image: FilePath, in namespace: BuilderNamespace?,
        report: @Sendable (Accelerator) -> Void = { _ in }
    ) async -> Accelerator {
        if let known = answers[image] { return await known.value }
        let task = Task { await Self.probe(image: image, namespace) }
        answers[image] = task
        let answer = await task.value
        report(answer)
        return answer
    }

    private static func probe(image: FilePath, _ namespace: BuilderNamespace?) async -> Accelerator {
        guard access("/dev/kvm", R_OK | W_OK) == 0 else { return .tcg }
        let file = image.appending("kvm-probe")
        let boot =
            (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        let kept = (try? String(contentsOfFile: file.string, encoding: .utf8))?.split(separator: " ") ?? []
        if kept.count == 2, kept[0] == boot, let answer = Accelerator(rawValue: String(kept[1])) {
            return answer
        }
        let answer: Accelerator = await boots(image: image, namespace) ? .kvm : .tcg
        try? "\(boot) \(answer.rawValue)".write(toFile: file.string, atomically: true, encoding: .utf8)
        return answer
    }

    /// Whether our guest boots with KVM within five seconds.
    private static func boots(image: FilePath, _ namespace: BuilderNamespace?) async -> Bool {
        let folder = MachineFolder(path: FilePath("/tmp/sallyport-probe-\(UUID().uuidString.prefix(8))"))
        defer { folder.remove([folder.path]) }
        let files = MachineSpecification.files(ofImage: image)
        let command = EmulatorCommand(
            kernel: files.kernel, initramfs: files.initramfs, accelerator: .kvm, memory: 256, processors: 1,
            namespace: namespace, kernelArguments: ["sallyport.probe"])
        let launch = EmulatorLaunch(
            folder: folder, confinement: command.confinement(in: folder), network: nil)
        guard (try? folder.create()) != nil,
            let process = try? await launch.start(command.probe(in: folder))
        else { return false }
        // It ends by itself when it has booted.
        await EmulatorProcess(folder: folder).waitUntilGone(process, gracePeriod: .seconds(5))
        return folder.console.tail.contains("sallyport: booted")
    }
}
