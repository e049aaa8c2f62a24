import Foundation
import Provider
import SystemPackage
import Testing

@testable import QEMU

@Suite struct AcceleratorProbeTests {
    @Test(
        "what the end of a QEMU says about KVM",
        arguments: [
            ("qemu-system-x86_64: failed to initialize kvm: Permission denied", false),
            (
                "Could not access KVM kernel module: No such file or directory\nqemu-system-x86_64: "
                    + "failed to initialize kvm: No such file or directory", false
            ),
            ("qemu-system-x86_64: ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy", false),
            (
                "qemu-system-x86_64: ../target/i386/kvm/kvm.c:2893: kvm_buf_set_msrs: Assertion `ret' failed.",
                false
            ),
            ("sallyport: booted\n[    1.0] sysrq: Resetting", true),
            ("qemu-system-x86_64: cannot set up guest memory 'microvm.ram': Cannot allocate memory", nil),
            ("qemu-system-x86_64: failed to initialize kvm: Cannot allocate memory", nil),
            ("qemu-system-x86_64: could not load kernel '/kvm/vmlinuz'", nil),
            ("nsenter: reassociate to namespace 'ns/user' failed: Operation not permitted", nil),
            ("mount: /tmp/kvm-1/root: permission denied.", nil),
            ("no answer from QEMU's monitor", nil),
            ("", nil),
        ] as [(String, Bool?)])
    func verdict(messages: String, expected: Bool?) {
        let error = MachineError(.startFailed, detail: messages)
        #expect(AcceleratorProbe.verdict(on: error) == expected)
    }

    @Test func aMissingProgramOrAFullDiskSaysNothingAboutKVM() {
        for code in [MachineError.Code.programMissing, .noSpace, .folderUnusable, .imageMissing] {
            let error = MachineError(code, detail: "qemu-system-x86_64: kvm")
            #expect(AcceleratorProbe.verdict(on: error) == nil)
        }
    }

    /// A folder of an image, with a file in it that stands for /dev/kvm.
    private func withImage(
        _ body: (_ image: FilePath, _ device: FilePath) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "image-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["vmlinuz", "initramfs.cpio.gz", "kvm"] {
            try Data(name.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        try await body(FilePath(folder), FilePath(folder).appending("kvm"))
    }

    @Test func anAnswerIsKeptOnlyWhileNothingChangesThatItDependsOn() async throws {
        try await withImage { image, device in
            func conditions(_ account: String? = "992 992 104") -> ProbeConditions {
                ProbeConditions(
                    image: image,
                    namespace: account.map { BuilderNamespace(path: "/proc/1/fd/3", account: $0) },
                    device: device.string)
            }
            #expect(conditions().keptAnswer == nil)
            for answer in [Accelerator.kvm, .tcg] {
                conditions().keep(answer)
                #expect(conditions().keptAnswer == answer)
            }
            #expect(conditions("992 992").keptAnswer == nil)
            var forbidden = BuilderNamespace(path: "/proc/1/fd/3", account: "992 992")
            forbidden.kvmObstacle = "not for builders"
            #expect(conditions().isAccessible)
            #expect(!ProbeConditions(image: image, namespace: forbidden, device: device.string).isAccessible)
            #expect(conditions(nil).keptAnswer == nil)

            let before = conditions()
            #expect(chmod(device.string, 0o600) == 0)
            #expect(conditions() != before && conditions().keptAnswer == nil)
            conditions().keep(.kvm)
            try Data("another kernel".utf8).write(to: URL(filePath: image.appending("vmlinuz").string))
            #expect(conditions().keptAnswer == nil)
            conditions().keep(.kvm)
            #expect(unlink(device.string) == 0)
            #expect(conditions().keptAnswer == nil)
        }
    }

    /// It is told, and the next builder tries again.
    @Test func aProbeThatCannotStartIsAnErrorAndNoAnswer() async throws {
        try await withImage { image, device in
            let probe = AcceleratorProbe(device: device.string)
            let kernel = image.appending("vmlinuz")
            #expect(rename(kernel.string, kernel.string + ".away") == 0)
            for _ in 0..<2 {
                do throws(MachineError) {
                    _ = try await probe.resolve(image: image, in: nil)
                    Issue.record("nothing has been observed")
                } catch {
                    #expect(error.code == .imageMissing && error.detail.contains("no test guest"), "\(error)")
                }
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: image.string)
            #expect(!names.contains("kvm-probe"))

            #expect(rename(kernel.string + ".away", kernel.string) == 0)
            ProbeConditions(image: image, namespace: nil, device: device.string).keep(.kvm)
            #expect(try await probe.resolve(image: image, in: nil) == .kvm)
        }
    }

    /// Version 1.0 wrote the boot and the answer, whatever the reason for it was.
    @Test func whatAnEarlierVersionHasKeptIsNotRead() async throws {
        try await withImage { image, device in
            let conditions = ProbeConditions(image: image, namespace: nil, device: device.string)
            let boot = try #require(conditions.boot)
            for text in ["\(boot) tcg", "\(boot)\ntcg\n", "", "\n\n"] {
                try Data(text.utf8).write(to: URL(filePath: image.appending("kvm-probe").string))
                #expect(conditions.keptAnswer == nil)
            }
        }
    }
}
