import HelperPrograms
import SystemPackage
import TaskChannel

/// The command line of QEMU.
///
/// `restrict=on` matters: without it a build can reach everything that listens on the
/// loopback of the host, or of QEMU's network namespace. With `-no-reboot`, QEMU ends however the guest stops.
struct EmulatorCommand {
    var hardware = GuestHardware.host
    var kernel: FilePath
    var initramfs: FilePath
    /// The initial content of the machine's disk, if it has a disk.
    var disk: DiskImage?
    var accelerator: Accelerator
    var memory: Int
    var processors: Int
    var network: Network = .none
    var place = HostPort.loopback
    /// Nil: QEMU runs as the runner's user.
    var namespace: BuilderNamespace?
    /// MiB for translated instructions; nil: as QEMU likes, up to a gigabyte. It is outside of the guest's memory.
    var translationBuffer: Int?
    /// More words for the kernel's command line.
    var kernelArguments: [String] = []

    /// All denials of QEMU's own filter of system calls. They do not go together with `-daemonize`.
    private static let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

    /// The arguments that all our guests have.
    private func common(_ confinement: Confinement) -> [String] {
        var words = hardware.kernelArguments + ["quiet", "panic=-1"] + kernelArguments
        // QEMU keeps what it has translated by address: without this, it translates every program anew each time it starts,
        // which takes three times as long.
        if accelerator == .tcg { words.append("norandmaps") }
        if hardware == .amd64, accelerator == .tcg, let frequency = HostClock.timeStampCounterFrequency() {
            words += ["tsc_early_khz=\(frequency)", "tsc=reliable"]
        }
        return [
            // By the name people find the process of a job.
            "-name", Self.escaped(confinement.folder.path.string + "/"),
            "-M", hardware.machine, "-accel", acceleration,
            "-cpu", accelerator == .kvm ? "host" : hardware.emulatedProcessor,
            "-m", String(memory), "-smp", String(processors),
            "-sandbox", Self.sandbox,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", confinement.place(of: kernel), "-initrd", confinement.place(of: initramfs),
            "-append", words.joined(separator: " "),
            "-add-fd", "fd=\(Confinement.console),set=1",
            // Anything but appending would be truncated first, and a pipe cannot be.
            "-chardev", "file,id=console,path=/dev/fdset/1,append=on", "-serial", "chardev:console",
            "-chardev", "socket,id=monitor,fd=\(Confinement.monitor),server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
        ]
    }

    private var acceleration: String {
        accelerator == .kvm ? "kvm" : "tcg" + (translationBuffer.map { ",tb-size=\($0)" } ?? "")
    }

    /// How this is started in the background.
    func confinement(in folder: MachineFolder) -> Confinement {
        var files = [(kernel, "/image/vmlinuz"), (initramfs, "/initramfs")]
        if let disk { files.append((disk.path, "/image/root.qcow2")) }
        return Confinement(
            folder: folder, namespace: namespace, longestFile: disk?.longestOverlay ?? 0, files: files)
    }

    /// The port of a machine's SSH server in QEMU's own network namespace.
    static let port = 2222

    /// A machine that is reached by its SSH server and its monitor.
    ///
    /// - Parameter port: at the place; nil: QEMU is in a network namespace of its own.
    func machine(in folder: MachineFolder, port: Int?) -> [String] {
        let confinement = confinement(in: folder)
        return common(confinement) + drive(confinement) + [
            "-netdev", "user,id=network,\(userNetwork(port: port))",
            "-device", "virtio-net-device,netdev=network",
        ]
    }

    /// In a namespace of its own, QEMU starts before its loopback is up, and so accepts connections at every address that the
    /// namespace will ever have.
    private func userNetwork(port: Int?) -> String {
        let entrance = port.map { "\(place.address):\($0)" } ?? ":\(Self.port)"
        return switch network {
        case .none: "restrict=on,hostfwd=tcp:\(entrance)-:22"
        case .outbound: "ipv6=off,hostfwd=tcp:\(entrance)-:22"
        }
    }

    /// QEMU writes changes to the image to an unlinked file in TMPDIR, which disappears with QEMU.
    /// When the disk is full, the machine stops until it is told to continue (see ``MonitorConnection``).
    private func drive(_ confinement: Confinement) -> [String] {
        guard let disk else { return [] }
        return [
            "-drive",
            "if=none,id=root,format=qcow2,snapshot=on,werror=enospc,"
                + "file=\(Self.escaped(confinement.place(of: disk.path)))",
            "-device", "virtio-blk-device,drive=root",
        ]
    }

    /// A guest that reports that it has booted, and ends.
    func probe(in folder: MachineFolder) -> [String] { common(confinement(in: folder)) }

    /// In QEMU's options a comma ends a value, and two commas stand for one.
    private static func escaped(_ path: String) -> String {
        path.escaping(",", as: ",,")
    }
}
