import BuildAPI

/// The machine that QEMU makes of a processor architecture, and what its kernel has to be told.
struct GuestHardware: Sendable, Equatable {
    let architecture: Architecture
    /// QEMU's program for it.
    let emulator: String
    /// Debian's package with ``emulator``.
    let package: String
    /// The machine that boots fastest and has a bus for virtio.
    let machine: String
    /// Everything that QEMU can emulate, but for what makes it slow.
    let emulatedProcessor: String
    /// Words of the kernel's command line: its console, and how it ends the machine.
    let kernelArguments: [String]

    /// A processor that claims to be fast at copying bytes (ERMS, FSRM) is made to copy them one by one.
    static let amd64 = GuestHardware(
        architecture: .amd64, emulator: "qemu-system-x86_64", package: "qemu-system-x86", machine: "microvm",
        emulatedProcessor: "max,-erms,-fsrm", kernelArguments: ["console=ttyS0", "reboot=t"])

    /// Pointer authentication by the processor's usual cipher would cost much of its speed.
    static let arm64 = GuestHardware(
        architecture: .arm64, emulator: "qemu-system-aarch64", package: "qemu-system-arm",
        machine: "virt,gic-version=max", emulatedProcessor: "max,pauth-impdef=on",
        kernelArguments: ["console=ttyAMA0"])

    static let all = [amd64, arm64]

    /// This host's.
    static var host: GuestHardware { Architecture.host == .arm64 ? arm64 : amd64 }

    /// Whether this host's processors cannot execute its instructions, so that they are always emulated.
    var isForeign: Bool { self != .host }
}
