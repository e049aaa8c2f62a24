import BuildAPI
import Foundation
import SystemPackage
import Testing

@testable import QEMU

@Suite struct GuestHardwareTests {
    @Test func eachArchitectureHasItsOwnMachineAndConsole() {
        func arguments(_ hardware: GuestHardware, _ accelerator: Accelerator) -> [String] {
            EmulatorCommand(
                hardware: hardware, kernel: "/k", initramfs: "/i", accelerator: accelerator, memory: 256,
                processors: 1
            ).machine(in: MachineFolder(path: "/m"), port: 7)
        }
        func value(of option: String, _ words: [String]) -> String? {
            words.firstIndex(of: option).map { words[$0 + 1] }
        }
        let amd64 = arguments(.amd64, .tcg)
        #expect(value(of: "-M", amd64) == "microvm" && value(of: "-cpu", amd64) == "max,-erms,-fsrm")
        #expect(value(of: "-append", amd64)?.hasPrefix("console=ttyS0 reboot=t quiet panic=-1") == true)
        let arm64 = arguments(.arm64, .tcg)
        #expect(value(of: "-M", arm64) == "virt,gic-version=max")
        #expect(value(of: "-append", arm64) == "console=ttyAMA0 quiet panic=-1 norandmaps")
        #expect(value(of: "-append", arguments(.arm64, .kvm)) == "console=ttyAMA0 quiet panic=-1")
        #expect(value(of: "-cpu", arguments(.arm64, .kvm)) == "host")
    }

    /// Images of earlier versions have no such file.
    @Test(
        arguments: [
            (nil, .host, nil), ("amd64\n", .amd64, nil), ("arm64", .arm64, nil),
            ("riscv64\n", nil, "it is neither x86_64 nor arm64"),
            ("../x", nil, "it is neither x86_64 nor arm64"),
        ] as [(String?, Architecture?, String?)])
    func anImageSaysWhatItIsFor(text: String?, expected: Architecture?, fault: String?) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "image-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var files = ["vmlinuz": "kernel", "initramfs.cpio.gz": "files"]
        files["architecture"] = text
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        let image = FilePath(folder)
        #expect(ImageContents(image).architecture == expected)
        #expect(ImageContents(image).isComplete == (fault == nil))
        #expect(BuilderHost.startFault(inImage: image) == fault.map { "\(image)/architecture: \($0)" })
    }

    /// KVM is this host's processors: what it says about images of theirs, it does not say about others.
    @Test func whatIsForeignIsEmulated() {
        #expect(!GuestHardware.host.isForeign)
        #expect(GuestHardware.all.filter(\.isForeign).count == 1)
    }
}
