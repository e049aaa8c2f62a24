import CommandBuilders
import ConfigurationFile
import Connections
import Presentation
import QEMU

/// What is wrong with a configuration on this host, before anyone submits a job. No I/O.
///
/// What can only be a mistake is refused; what can still come, such as an image, or what spoils only some jobs, is a
/// warning. Each sentence names the setting, and what to do.
struct StartUpCheck {
    private let configuration: Configuration.Runner

    init(_ configuration: Configuration.Runner) {
        self.configuration = configuration
    }

    // MARK: The settings alone

    /// The first contradiction between settings; nil: there is none.
    var contradiction: String? {
        if configuration.keep > configuration.maxLife {
            return
                "runner.keep (\(configuration.keep)) is more than runner.max_life (\(configuration.maxLife)): no builder "
                + "could be kept that long. Lower keep, or raise max_life."
        }
        let longest = "\(configuration.stateDirectory)/machines/\(Int32.max)"
        if !BuilderHost.isShortEnough(longest) {
            return
                "runner.state_dir: \(configuration.stateDirectory) is too long for the sockets in it. Use a shorter path."
        }
        for pool in configuration.pools.keys.sorted() where pool != Configuration.Runner.localPool {
            let folder = CommandProvider.folder(of: pool, in: configuration.stateDirectory)
            guard !CommandProvider.isShortEnough(folder) else { continue }
            return
                "runner.pool.\(pool): \(folder) is too long for the sockets in it. Use a shorter name, or a shorter "
                + "runner.state_dir."
        }
        let folder = QEMUSettings.socketFolder(beside: configuration.socket)
        if "\(folder)/\(Int32.max)".utf8.count > HandoverSocket.longestPath {
            return
                "runner.socket: \(configuration.socket) is too long for the sockets of builders, which are in \(folder). "
                + "Use a shorter path."
        }
        return nil
    }

    // MARK: The settings on this host

    /// Why no builder could ever start here; nil: builders can start.
    func obstacle(on host: BuilderHost) -> String? {
        guard configuration.slots != 0 else { return nil }
        if !host.missingPrograms.isEmpty {
            return
                "No builder can start: not installed: \(host.missingPrograms.joined(separator: ", ")). "
                + "Install qemu-system-x86 and openssh-client, or set runner.slots to 0."
        }
        if configuration.isolation == .required, let obstacle = host.isolationObstacle {
            return
                "runner.isolation is \"required\", but builders cannot run as \(configuration.builderAccount): "
                + "\(obstacle), or set isolation to \"none\" (docs/security.md)."
        }
        if configuration.accelerator == .kvm, let obstacle = host.kvmObstacle {
            return
                "runner.accel is \"kvm\", but KVM cannot be used: \(obstacle). \(kvmRemedy), or set accel "
                + "to \"auto\"."
        }
        return nil
    }

    /// - Parameter memory: of this machine, in MiB.
    func warnings(on host: BuilderHost, memory: Int) -> [String] {
        configuration.slots == 0
            ? []
            : isolationWarnings(host) + timeWarnings + imageWarnings(host) + networkWarnings(host)
                + memoryWarnings(memory)
    }

    /// How the instructions of builders are executed.
    func accelerator(on host: BuilderHost) -> String {
        switch (configuration.accelerator, host.kvmObstacle) {
        case (.kvm, _): "builders use KVM"
        case (.tcg, _): "builders are emulated in software, as runner.accel says: they are slow"
        case (.automatic, nil): "builders use KVM if a test guest boots with it"
        case (.automatic, let obstacle?):
            "builders are emulated in software, and slow, because KVM cannot be used: \(obstacle). \(kvmRemedy)"
        }
    }

    /// As whom builders run.
    var isolation: String {
        switch configuration.isolation {
        case .required: "builders run as \(configuration.builderAccount), each in namespaces of its own"
        case .none: "builders run as the runner's own user, as runner.isolation says"
        }
    }

    private func isolationWarnings(_ host: BuilderHost) -> [String] {
        guard host.hasSeccomp else {
            return [
                "builders cannot start: this kernel has no filters of system calls (seccomp), which QEMU needs"
            ]
        }
        let reachable = "every user of this host can reach the SSH servers of builders, on its loopback"
        guard configuration.isolation == .none else {
            return host.networkNamespaceObstacle.map { ["\(reachable): \($0) (docs/security.md)"] } ?? []
        }
        return [
            "runner.isolation is \"none\": anyone who gets out of a virtual machine has the rights of the runner, and "
                + "\(reachable) (docs/security.md)"
        ]
    }

    private var kvmRemedy: String {
        configuration.isolation == .none
            ? "Add the runner's user to the group of /dev/kvm"
            : "Give /dev/kvm a group that is neither root's nor the runner's own, with mode 660, and restart the runner"
    }

    private var timeWarnings: [String] {
        var warnings: [String] = []
        let longest = configuration.maxLife
        if configuration.life > longest {
            warnings.append(
                "runner.life (\(configuration.life)) is more than runner.max_life (\(longest)): builders end "
                    + "after max_life")
        }
        if Manifest.defaultTimeout > configuration.maxTimeout {
            warnings.append(
                "runner.max_timeout (\(configuration.maxTimeout)) is less than the usual timeout of a job "
                    + "(\(Manifest.defaultTimeout)): jobs end after max_timeout")
        }
        return warnings
    }

    private func imageWarnings(_ host: BuilderHost) -> [String] {
        if let obstacle = host.imagesObstacle {
            return [
                "runner.images: \(obstacle). Every job is refused until there is an image (docs/images.md)"
            ]
        }
        var warnings: [String] = []
        if host.images.isEmpty {
            warnings.append(
                "runner.images: there is no image in \(configuration.images). Every job is refused until there is one "
                    + "(docs/images.md)")
        }
        for (name, fault) in host.images.sorted(by: { $0.key < $1.key }) {
            guard let fault else { continue }
            warnings.append("runner.images: builders of the image \(name) cannot start: \(fault)")
        }
        let known = host.images.isEmpty ? "none" : host.images.keys.sorted().joined(separator: ", ")
        for name in configuration.imageSettings.keys.sorted() where host.images[name] == nil {
            warnings.append(
                "[runner.image.\(name)] has no effect: no image in \(configuration.images) has that name "
                    + "(there are: \(known))")
        }
        for (alias, image) in configuration.imageAliases.sorted(by: { $0.key < $1.key }) {
            if !ImageName.isValid(alias) {
                warnings.append("runner.image_aliases: no manifest can name an image \"\(alias)\"")
            } else if host.images[image] == nil {
                warnings.append(
                    "runner.image_aliases: jobs that name \"\(alias)\" are refused: no image in "
                        + "\(configuration.images) is called \(image) (there are: \(known))")
            }
        }
        return warnings
    }

    private func networkWarnings(_ host: BuilderHost) -> [String] {
        guard let obstacle = host.networkObstacle else { return [] }
        return configuration.imageSettings.filter { $0.value.network == .outbound }.keys.sorted().map {
            "[runner.image.\($0)] has network = \"outbound\", with which its builders cannot start: \(obstacle) "
                + "(docs/images.md)"
        }
    }

    private func memoryWarnings(_ total: Int) -> [String] {
        let largest = configuration.largestMemory + Slots.overhead
        let slots = configuration.slots ?? 1
        guard slots * largest > total else { return [] }
        return [
            "runner.slots and memory: \(slots.counted("builder")) of \(largest) MiB each do not fit into this "
                + "machine's \(total) MiB"
        ]
    }
}
