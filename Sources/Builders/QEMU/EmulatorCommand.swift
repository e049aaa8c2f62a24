import SystemPackage

/// The command line of QEMU.
///
/// `microvm` boots fastest. `restrict=on` matters: without it a build can reach everything that listens on the
/// loopback of the host, or of QEMU's network namespace. With `-no-reboot`, QEMU ends however the guest stops.
struct EmulatorCommand {
    static let program = "qemu-system-x86_64"

    var kernel: FilePath
    var initramfs: FilePath
    /// The initial content of the machine's disk, if it has a disk.
    var disk: DiskImage?
    var accelerator: Accelerator
    var memory: Int
    var processors: Int
    var network: Network = .none
    /// More words for the kernel's command line.
    var kernelArguments: [String] = []

    /// The kernel's arguments that all our guests have.
    private var common: [String] {
        var words = ["console=ttyS0", "quiet", "panic=-1", "reboot=t"] + kernelArguments
        if accelerator == .tcg, let frequency = HostClock.timeStampCounterFrequency() {
            words.append("tsc_early_khz=\(frequency)")
        }
        return [
            "-M", "microvm", "-accel", accelerator == .kvm ? "kvm" : "tcg",
            "-cpu", accelerator == .kvm ? "host" : "max", "-m", String(memory), "-smp", String(processors),
            "-sandbox", "on",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", kernel.string, "-initrd", initramfs.string, "-append", words.joined(separator: " "),
        ]
    }

    /// The largest size of the console's log, to which root in the guest can write for ever. Anything beyond it is
    /// lost; QEMU continues, because it ignores the signal for that.
    private static let consoleLimit = 1 << 20

    /// $1 is the longest file that it can write, in blocks of 512 bytes; $2 is a folder for files that vanish with it.
    private static let limited = """
        trap '' XFSZ
        ulimit -f "$1"
        export TMPDIR="$2"
        shift 2
        program=$(command -v "$0") || exit 127
        exec "$program" "$@"
        """

    private var longestFile: Int { disk?.longestOverlay ?? Self.consoleLimit }

    /// Starts a machine in the background: QEMU returns when it runs.
    func launch(in folder: MachineFolder, port: Int) async throws(MachineError) -> ShortCommand.Outcome {
        let command =
            ["-c", Self.limited, Self.program, String(longestFile / 512), folder.path.string]
            + machine(in: folder, port: port)
        let outcome = try await ShortCommand(
            program: "sh",
            arguments: network == .none
                ? command : OutboundNetwork(folder: folder).arguments(running: command)
        ).run()
        // sh(1): the command was not found.
        guard outcome.status != 127 else { throw MachineError(.programMissing, detail: Self.program) }
        return outcome
    }

    /// The arguments for that.
    func machine(in folder: MachineFolder, port: Int) -> [String] {
        common + drive + [
            "-chardev", "file,id=console,path=\(Self.escaped(folder.console))", "-serial", "chardev:console",
            "-netdev", "user,id=network,\(userNetwork(port: port))",
            "-device", "virtio-net-device,netdev=network",
            "-chardev", "socket,id=monitor,path=\(Self.escaped(folder.monitorSocket)),server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
            "-daemonize", "-pidfile", folder.processFile.string,
        ]
    }

    private func userNetwork(port: Int) -> String {
        switch network {
        case .none: "restrict=on,hostfwd=tcp:127.0.0.1:\(port)-:22"
        case .outbound:
            "ipv6=off,hostfwd=tcp:\(OutboundNetwork.address):\(OutboundNetwork.port)-:22"
        }
    }

    /// QEMU writes changes to the image to an unlinked file in TMPDIR, which disappears with QEMU.
    /// When the disk is full, the machine stops until it is told to continue (see ``MonitorConnection``).
    private var drive: [String] {
        guard let disk else { return [] }
        return [
            "-drive",
            "if=none,id=root,format=qcow2,snapshot=on,werror=enospc,file=\(Self.escaped(disk.path))",
            "-device", "virtio-blk-device,drive=root",
        ]
    }

    /// A guest that reports that it has booted, and ends.
    func probe() -> [String] {
        common + ["-serial", "stdio"]
    }

    /// In QEMU's options a comma ends a value, and two commas stand for one.
    private static func escaped(_ path: FilePath) -> String {
        path.string.escaping(",", as: ",,")
    }
}
