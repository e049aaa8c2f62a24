import Foundation
public import Provider
public import SystemPackage

/// Finds out whether KVM works here, by booting our own guest with it.
///
/// That /dev/kvm exists and opens proves nothing: on some hosts the guest then hangs silently. What has been observed is
/// kept for this process and, if possible, for others, in a file next to the image, while the ``ProbeConditions`` stay
/// the same: that a guest has booted, hangs, or is refused. A probe that could not start has observed nothing.
public actor AcceleratorProbe {
    public static let shared = AcceleratorProbe()

    private struct Answer: Sendable {
        let accelerator: Accelerator
        /// Whether it is worth keeping.
        let isObserved: Bool
    }

    /// The path of KVM's device.
    private let device: String
    private var answers: [ProbeConditions: Task<Result<Answer, MachineError>, Never>] = [:]

    init(device: String = "/dev/kvm") {
        self.device = device
    }

    /// What `automatic` means on this host, for an image of its own architecture. Throws if a probe is needed and cannot start.
    ///
    /// - Parameters:
    ///   - namespace: in which the builders run, whose account can have less access than the runner.
    ///   - endsWithUs: whether the probe's guest is killed when this process ends.
    ///   - report: is told the answer when it is found, once for each image and each change of the conditions.
    public func resolve(
        image: FilePath, in namespace: BuilderNamespace?, endsWithUs: Bool = false,
        report: @Sendable (Accelerator) -> Void = { _ in }
    ) async throws(MachineError) -> Accelerator {
        let conditions = ProbeConditions(image: image, namespace: namespace, device: device)
        if let known = answers[conditions] { return try await known.value.get().accelerator }
        let task = Task { () async -> Result<Answer, MachineError> in
            do throws(MachineError) {
                return .success(try await Self.answer(conditions, namespace, endsWithUs: endsWithUs))
            } catch {
                return .failure(error)
            }
        }
        answers[conditions] = task
        let result = await task.value
        if (try? result.get())?.isObserved != true { answers[conditions] = nil }
        let answer = try result.get().accelerator
        report(answer)
        return answer
    }

    private static func answer(
        _ conditions: ProbeConditions, _ namespace: BuilderNamespace?, endsWithUs: Bool
    ) async throws(MachineError) -> Answer {
        guard conditions.isAccessible else { return Answer(accelerator: .tcg, isObserved: true) }
        if let kept = conditions.keptAnswer { return Answer(accelerator: kept, isObserved: true) }
        let boots = try await Self.boots(
            image: conditions.image, namespace, endsWithUs: endsWithUs)
        let accelerator: Accelerator = boots == true ? .kvm : .tcg
        if boots != nil { conditions.keep(accelerator) }
        return Answer(accelerator: accelerator, isObserved: boots != nil)
    }

    /// Whether our guest boots with KVM within five seconds; nil: it has ended before, which can have other reasons.
    private static func boots(
        image: FilePath, _ namespace: BuilderNamespace?, endsWithUs: Bool
    ) async throws(MachineError) -> Bool? {
        let folder = MachineFolder(path: FilePath("/tmp/sallyport-probe-\(UUID().uuidString.prefix(8))"))
        defer { folder.remove([folder.path]) }
        let files = MachineSpecification.files(ofImage: image)
        let command = EmulatorCommand(
            kernel: files.kernel, initramfs: files.initramfs, accelerator: .kvm, memory: 256, processors: 1,
            namespace: namespace, kernelArguments: ["sallyport.probe"])
        let launch = EmulatorLaunch(
            folder: folder, program: command.hardware.emulator,
            confinement: command.confinement(in: folder), network: nil, endsWithUs: endsWithUs)
        do throws(MachineError) {
            if let fault = BuilderHost.startFault(inImage: image) {
                throw MachineError(.imageMissing, detail: fault)
            }
            try folder.create()
            let process = try await launch.start(command.probe(in: folder))
            let emulator = EmulatorProcess(folder: folder)
            do throws(MachineError) {
                _ = try await launch.monitor(of: process, limit: .seconds(5))
            } catch  where !emulator.isMachine(process) {
                throw error
            } catch {
                // It hangs, and is ended below.
            }
            // It ends by itself when it has booted.
            let isEnded = await emulator.waitUntilGone(process, gracePeriod: .seconds(5))
            return hasBooted(folder.console.tail) ? true : isEnded ? nil : false
        } catch {
            if let answer = verdict(on: error) { return answer }
            throw MachineError(error.code, detail: "no test guest can be started: \(error.detail)")
        }
    }

    /// What the guest writes to its console when it has booted.
    private static func hasBooted(_ console: String) -> Bool { console.contains("sallyport: booted") }

    /// What the end of a QEMU says whose monitor has not answered; nil: nothing about KVM.
    ///
    /// It can have booted and ended before we asked, or KVM can have refused it. A lack of memory says nothing, even if KVM
    /// reports it.
    static func verdict(on error: MachineError) -> Bool? {
        guard error.code == .startFailed else { return nil }
        if hasBooted(error.detail) { return true }
        let isRefused = error.detail.split(separator: "\n").contains { line in
            line.hasPrefix("qemu-system-") && [" kvm", "(KVM_"].contains { line.contains($0) }
        }
        return isRefused && !error.detail.contains("Cannot allocate memory") ? false : nil
    }
}
