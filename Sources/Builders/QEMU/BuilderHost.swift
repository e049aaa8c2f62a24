import Foundation
import Provider
import SystemPackage
import TaskChannel

/// What this host offers to builders. Looking costs milliseconds: nothing is started.
public struct BuilderHost: Sendable, Equatable {
    /// Why KVM cannot be used; nil: /dev/kvm can be opened, which does not prove yet that a guest boots with it.
    public var kvmObstacle: String?
    /// The programs that no builder can do without, and that are not installed.
    public var missingPrograms: [String] = []
    /// Why QEMU cannot run as a user of its own, and what to do; nil: it can.
    public var isolationObstacle: String?
    /// Why QEMU cannot have a network namespace of its own, if it runs as a user of its own; nil: it can.
    public var networkNamespaceObstacle: String?
    /// Why builders with a network cannot start; nil: they can.
    public var networkObstacle: String?
    /// Whether the kernel has filters of system calls, without which QEMU does not start.
    public var hasSeccomp = true
    /// Why there is no folder of images that can be listed; nil: there is one.
    public var imagesObstacle: String?
    /// What is wrong with each image, by its name; nil: nothing.
    public var images: [String: String?] = [:]

    public init() {}

    /// Looks around.
    ///
    /// - Parameter folder: of the images.
    public init(images folder: String) {
        let namespace = BuilderNamespace.inherited
        // In a namespace, QEMU has the rights of the builders' account, and the runner's do not matter.
        kvmObstacle =
            namespace == nil
            ? Self.openingFails("/dev/kvm", R_OK | W_OK)
            : Self.openingFails("/dev/kvm", F_OK) ?? namespace?.kvmObstacle
        missingPrograms = Self.missing([
            GuestHardware.host.emulator, SecureShell.program, KeyGeneration.program, "sh",
        ])
        isolationObstacle = BuilderNamespace.obstacle
        networkNamespaceObstacle = namespace?.networkObstacle
        networkObstacle = Self.networkObstacle
        hasSeccomp = access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0
        do {
            for name in try ImageFolder(folder).names() {
                images.updateValue(Self.fault(inImage: FilePath(folder).appending(name)), forKey: name)
            }
        } catch {
            imagesObstacle = Self.openingFails(folder, R_OK | X_OK) ?? "\(folder) is not a folder"
        }
    }

    /// Whether the paths of the sockets in a machine's folder are short enough.
    ///
    /// - Parameter folder: of any machine.
    public static func isShortEnough(_ folder: String) -> Bool {
        MachineFolder(path: FilePath(folder)).isShortEnough
    }

    private static func missing(_ programs: [String]) -> [String] {
        programs.filter { program in
            !ShortCommand.path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
        }
    }

    private static var networkObstacle: String? {
        let missing = missing(OutboundNetwork.programs)
        guard missing.isEmpty else { return "not installed: \(missing.joined(separator: ", "))" }
        // user_namespaces(7), and a setting of Debian's kernels.
        for setting in ["user/max_user_namespaces", "kernel/unprivileged_userns_clone"] {
            let value = try? String(contentsOfFile: "/proc/sys/\(setting)", encoding: .utf8)
            if value?.trimmingCharacters(in: .whitespacesAndNewlines) == "0", geteuid() != 0 {
                return "the kernel allows no user namespaces: \(setting.replacing("/", with: ".")) is 0"
            }
        }
        return nil
    }

    private static func fault(inImage folder: FilePath) -> String? {
        let files = MachineSpecification.files(ofImage: folder)
        if let fault = startFault(inImage: folder) { return fault }
        if let foreign = ImageContents(folder).hardware, foreign.isForeign,
            !missing([foreign.emulator]).isEmpty
        {
            return "it is for \(foreign.architecture), and \(foreign.emulator) is not installed "
                + "(apt install \(foreign.package))"
        }
        guard access(files.disk.string, F_OK) == 0 else { return nil }
        if let fault = readingFails(files.disk.string) { return fault }
        do throws(MachineError) {
            _ = try DiskImage(files.disk)
            return nil
        } catch {
            return error.detail
        }
    }

    /// Why no guest can start from that image, whether it has a disk or not; nil: it can.
    static func startFault(inImage folder: FilePath) -> String? {
        let files = MachineSpecification.files(ofImage: folder)
        return readingFails(files.kernel.string) ?? readingFails(files.initramfs.string)
            ?? ImageContents(folder).architectureFault
    }

    /// QEMU reads an image's files as the builders' account, if there is one.
    private static func readingFails(_ path: String) -> String? {
        if let fault = openingFails(path, R_OK) { return fault }
        var status = stat()
        guard BuilderNamespace.inherited != nil, stat(path, &status) == 0, status.st_mode & 0o004 == 0 else {
            return nil
        }
        return "\(path): only some users can read it, and the builders' account is not among them (chmod o+r)"
    }

    private static func openingFails(_ path: String, _ mode: CInt) -> String? {
        access(path, mode) == 0 ? nil : "\(path): \(String(cString: strerror(errno)))"
    }
}
